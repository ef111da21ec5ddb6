const logLine = /^\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d [A-Z]+ /
const traceback = 'Traceback (most recent call last):'

const isFact = (line: string): boolean => line.trim() !== '' && !/^\s/.test(line) && !logLine.test(line)

const memoryError = /java\.lang\.OutOfMemoryError: .*/

/** Whether a Python error stands in a log, or that memory ran out. */
export const holdsError = (log: string): boolean => log.includes(traceback) || memoryError.test(log)

/**
 * The line of a driver's log that best says why it failed: that memory ran out, else the error below the last Python traceback, else the last line that
 * is neither Spark's logging nor indented, else the last line.
 */
export const reasonIn = (log: string): string => {
  const [outOfMemory] = memoryError.exec(log) ?? []
  if (outOfMemory !== undefined) return outOfMemory
  const lines = log.split('\n')
  const below = lines.slice(lines.findLastIndex((line) => line.includes(traceback)) + 1)
  const reason = below.length < lines.length ? below.find(isFact) : lines.findLast(isFact)
  return reason ?? lines.findLast((line) => line.trim() !== '') ?? 'it wrote nothing'
}

/** A driver that was killed wrote no reason: its last line is of something else. @param signal as `SIGKILL` */
export const killedBy = (signal: string): string =>
  `the driver was killed by ${signal}${signal === 'SIGKILL' ? ', as the system does where memory runs out' : ''}`
