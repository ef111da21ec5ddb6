/** Wakes whoever waits, when something that they wait for may have changed. */
export interface Signal {
  /** Resolves at the next `raise`, or after `ms` milliseconds where that is finite. */
  wait(ms: number): Promise<void>
  raise(): void
}

// setTimeout fires at once when asked for more than 2^31 - 1 ms.
const longestTimerMs = 2 ** 31 - 1

export const signal = (): Signal => {
  const waiting = new Set<() => void>()
  return {
    wait: (ms) =>
      new Promise((resolve) => {
        let timer: NodeJS.Timeout | undefined
        const wake = () => {
          clearTimeout(timer)
          waiting.delete(wake)
          resolve()
        }
        if (Number.isFinite(ms)) timer = setTimeout(wake, Math.min(ms, longestTimerMs))
        waiting.add(wake)
      }),
    raise: () => {
      for (const wake of [...waiting]) wake()
    },
  }
}
