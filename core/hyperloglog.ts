/** 2^14 registers: a standard error of 1.04 / sqrt(2^14) = 0.81%. */
export const precision = 14
export const registerCount = 2 ** precision
/** The relative standard error of an estimate. */
export const standardError = 1.04 / Math.sqrt(registerCount)

export interface Register {
  readonly index: number
  /** 1 to 51: the place of the first set bit after the index's 14. */
  readonly rank: number
}

/** The register that a 64-bit hash raises, and how high. */
export const registerOf = (hash: bigint): Register => {
  const high = Number(hash >> 32n)
  const low = Number(hash & 0xffff_ffffn)
  const afterIndex = (high << precision) >>> 0
  const rank = afterIndex === 0 ? 32 - precision + Math.clz32(low) + 1 : Math.clz32(afterIndex) + 1
  return { index: high >>> (32 - precision), rank }
}

/**
 * How many distinct values raised the registers: LogLog-Beta for p = 14, one formula for all sizes (Qin, Kim and Tung,
 * "LogLog-Beta and More: A New Algorithm for Cardinality Estimation Based on LogLog Counting", 2016).
 * @param raised how many registers are above zero
 * @param inverseSum the sum of 2^-rank over those
 */
export const estimate = (raised: number, inverseSum: number): number => {
  const zeros = registerCount - raised
  const z = Math.log(zeros + 1)
  const beta =
    -0.370393911 * zeros +
    z *
      (0.070471823 +
        z *
          (0.17393686 + z * (0.16339839 + z * (-0.09237745 + z * (0.03738027 + z * (-0.005384159 + z * 0.00042419))))))
  const alpha = 0.7213 / (1 + 1.079 / registerCount)
  return Math.round((alpha * registerCount * (registerCount - zeros)) / (beta + zeros + inverseSum))
}

/** The estimate from the registers' ranks; registers left out are zero. */
export const estimateRegisters = (ranks: Iterable<number>): number => {
  let raised = 0
  let inverseSum = 0
  for (const rank of ranks) {
    raised += 1
    inverseSum += 2 ** -rank
  }
  return estimate(raised, inverseSum)
}
