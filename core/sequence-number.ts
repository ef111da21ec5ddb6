/** Kinesis's sequence numbers have 56 digits today; its API allows more, and 64 are kept. */
const sequenceNumberDigits = 64

const decimalDigits = /^\d+$/

/**
 * A sequence number zero-padded to 64 digits, so that text order is stream order.
 * @throws where it is no decimal number, or longer: cutting it would break the order that every mark rests on.
 */
export const padSequenceNumber = (sequenceNumber: string): string => {
  if (!decimalDigits.test(sequenceNumber))
    throw new Error(`"${sequenceNumber}" is no sequence number: it must be decimal digits.`)
  if (sequenceNumber.length > sequenceNumberDigits)
    throw new Error(
      `Sequence number ${sequenceNumber} has ${sequenceNumber.length} digits; raw keys and positions hold ${sequenceNumberDigits}.`,
    )
  return sequenceNumber.padStart(sequenceNumberDigits, '0')
}
