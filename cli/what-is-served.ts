import { askBatch } from './ask-batch.ts'
import type { Connection } from './connection.ts'

type Asked = Pick<Connection, 'batch'>

/** What is served once a dataset was promoted: another one, where somebody promoted that, or went back, before the execution's end. */
export const promotedSentence = async (connection: Asked, datasetId: string): Promise<string> => {
  const served = await askServed(connection, datasetId)
  if ('unanswered' in served) return `Dataset ${datasetId} was promoted; ${served.unanswered}`
  return served.isLive
    ? `Dataset ${datasetId} is live.`
    : `Dataset ${datasetId} was promoted, and is live no more: another one was served since, as \`tidemark datasets\` shows.`
}

/**
 * What an execution that did not go through left served: a dataset is served before the last step of its execution.
 * @param datasetId null where the execution had none yet
 */
export const failureSentence = async (
  connection: Asked,
  datasetId: string | null,
  { mayBePromotedYet }: { readonly mayBePromotedYet: boolean },
): Promise<string> => {
  const asItWas = 'The live dataset is as it was.'
  if (datasetId === null) return asItWas
  const served = await askServed(connection, datasetId)
  if ('unanswered' in served) return served.unanswered
  if (served.isLive) return `Dataset ${datasetId} is live all the same.`
  return mayBePromotedYet ? `${askYourself(datasetId)}.` : asItWas
}

/** How the execution ended is to be told, whatever else fails: where nobody answers now, a sentence says so. */
const askServed = async (
  connection: Asked,
  datasetId: string,
): Promise<{ readonly isLive: boolean } | { readonly unanswered: string }> => {
  try {
    const datasets = (await askBatch(connection, { step: 'datasets' })) as readonly {
      datasetId: string
      live: boolean
    }[]
    return { isLive: datasets.some((dataset) => dataset.datasetId === datasetId && dataset.live) }
  } catch (error) {
    return {
      unanswered: `${askYourself(datasetId)} (asked now: ${error instanceof Error ? error.message : String(error)}).`,
    }
  }
}

const askYourself = (datasetId: string): string => `\`tidemark datasets ${datasetId}\` shows whether it is live`
