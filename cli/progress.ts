/** Where a command says what it is doing. Always stderr: stdout is for answers. */
export interface Progress {
  /** The state of what is under way: replaces the last one on a terminal, a line now and then elsewhere. */
  update(text: string): void
  /** A line that stays. */
  say(text: string): void
  /** Ends the line under way. */
  done(): void
}

interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

const terminalEveryMs = 100
const plainEveryMs = 5000

export const progressOn = (screen: Screen, now: () => number = Date.now): Progress => {
  const live = screen.isTTY === true
  const everyMs = live ? terminalEveryMs : plainEveryMs
  let shownAt = Number.NEGATIVE_INFINITY
  let open = false
  const clear = (): void => {
    if (open) screen.write('\r\u001b[2K')
    open = false
  }
  return {
    update: (text) => {
      if (now() - shownAt < everyMs) return
      shownAt = now()
      clear()
      open = live
      screen.write(live ? text.slice(0, (screen.columns ?? 80) - 1) : `${text}\n`)
    },
    say: (text) => {
      clear()
      screen.write(`${text}\n`)
    },
    done: clear,
  }
}

/** `1,234,567` */
export const grouped = (count: number): string => count.toLocaleString('en-US')

/** `850 ms`, `12.3 s`, `2 min 05 s` */
export const duration = (elapsedMs: number): string => {
  if (elapsedMs < 1000) return `${Math.round(elapsedMs)} ms`
  if (elapsedMs < 60_000) return `${(elapsedMs / 1000).toFixed(1)} s`
  if (elapsedMs >= 3_600_000) {
    const minutes = Math.round(elapsedMs / 60_000)
    return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
  }
  const seconds = Math.round(elapsedMs / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}
