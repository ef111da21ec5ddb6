/** SQL's `YYYY-MM-DD HH:MM:SS[.ffffff]`, which is UTC here, as epoch ms. */
export const epochMsOf = (sqlTime: string): number => Date.parse(`${sqlTime.slice(0, 23).replace(' ', 'T')}Z`)
