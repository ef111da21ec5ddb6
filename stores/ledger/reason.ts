/** Of `ledger.dataset.reason`: Redshift counts a VARCHAR's length in bytes of UTF-8. */
const maxReasonBytes = 4096

/** Why a step failed, as the ledger keeps it: cut behind a whole character, for what does not fit would be lost whole. */
export const storableReason = (reason: string): string => {
  const bytes = Buffer.from(reason.replaceAll('\0', '')).subarray(0, maxReasonBytes)
  // A character that is cut off is held back for what never comes.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true }) || 'unknown'
}
