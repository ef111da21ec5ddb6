/** A port that does the same, but for some of its methods. */
export const overriding = <Port extends object>(port: Port, methods: Partial<Port>): Port =>
  new Proxy(port, {
    get: (target, name: keyof Port & string) => {
      const own = methods[name] ?? target[name]
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
