/** SQL's `YYYY-MM-DD HH:MM:SS[.ffffff]`, which is UTC here, as epoch ms. */
export const epochMsOf = (sqlTime: string): number => Date.parse(`${sqlTime.slice(0, 23).replace(' ', 'T')}Z`)

/** As the Data API writes a timestamp: without a fraction that is zero, or a fraction's last zeros. */
export const sqlTime = (epochMs: number): string =>
  new Date(epochMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.?0*Z$/, '')
