/** The laptop stage's ports: one is configured, the others follow it. */
export interface Ports {
  readonly emulator: number
  readonly warehouse: number
  readonly postgres: number
  readonly spark: number
  readonly valkey: number
}

const defaultPort = 4566
/** How many ports in a row a stage uses. */
export const portsNeeded = 5

/** @throws where the text is no port, or one too high for the ports that follow it. */
export const portsFrom = (configured: string | undefined): Ports => {
  const emulator = Number(configured ?? defaultPort)
  if (!Number.isInteger(emulator) || emulator < 1024 || emulator + portsNeeded > 65_536)
    throw new Error(
      `TIDEMARK_PORT is ${configured}; it must be a whole number from 1024 to ${65_536 - portsNeeded}: the stage uses it and the ${portsNeeded - 1} ports after it.`,
    )
  return {
    emulator,
    warehouse: emulator + 1,
    postgres: emulator + 2,
    spark: emulator + 3,
    valkey: emulator + 4,
  }
}
