import { invalid } from './errors.ts'

/** What `sparkSubmitParameters` ask for. */
export interface SubmitParameters {
  /** Spark's settings, in their order; a later one of the same name wins. */
  readonly settings: ReadonlyMap<string, string>
  readonly archives: readonly Archive[]
  /** Variables of the driver's environment, from `spark.emr-serverless.driverEnv.NAME`. */
  readonly driverEnvironment: Readonly<Record<string, string>>
}

/** An archive to be unpacked in a folder of the working directory. */
export interface Archive {
  readonly uri: string
  readonly folder: string
}

const driverEnvironmentPrefix = 'spark.emr-serverless.driverEnv.'
const quoted = /"([^"]*)"|'([^']*)'|([^\s"']+)/g

/** Splits as a shell does, quotes included; a word may have quoted and bare parts. */
const wordsOf = (text: string): string[] => {
  if (text.replaceAll(/"[^"]*"|'[^']*'/g, '').match(/["']/))
    throw invalid(`sparkSubmitParameters: a quote is not closed in ${text}`)
  const words: string[] = []
  let end = -1
  for (const match of text.matchAll(quoted)) {
    const part = match[1] ?? match[2] ?? match[3] ?? ''
    if (match.index === end) words.push((words.pop() ?? '') + part)
    else words.push(part)
    end = match.index + match[0].length
  }
  return words
}

const archiveFrom = (text: string): Archive => {
  const [, uri, folder] = /^(s3:\/\/[^#]+)#([A-Za-z0-9._-]+)$/.exec(text) ?? []
  if (!uri || !folder || folder === '.' || folder === '..')
    throw invalid(`sparkSubmitParameters: an archive must read s3://BUCKET/KEY#FOLDER, not ${text}`)
  if (!/\.(tar\.gz|tgz|tar|zip|jar)$/.test(uri))
    throw invalid(`sparkSubmitParameters: Spark unpacks no such archive: ${uri}`)
  return { uri, folder }
}

const settingFrom = (text: string | undefined): [string, string] => {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text ?? '') ?? []
  if (!name || value === undefined)
    throw invalid(`sparkSubmitParameters: --conf needs NAME=VALUE, not ${text ?? 'nothing'}`)
  if (name === 'spark.master' || name === 'spark.submit.deployMode')
    throw invalid(`sparkSubmitParameters: ${name} is EMR Serverless's own to set`)
  if (name.startsWith('spark.emr-serverless.') && !name.startsWith(driverEnvironmentPrefix))
    throw invalid(`sparkSubmitParameters: the laptop stage does not implement ${name} (${value})`)
  return [name, value]
}

const split = (settings: Map<string, string>): SubmitParameters => {
  const archives = (settings.get('spark.archives') ?? '').split(',').filter((text) => text !== '')
  settings.delete('spark.archives')
  const driverEnvironment: Record<string, string> = {}
  for (const [name, value] of [...settings]) {
    if (!name.startsWith(driverEnvironmentPrefix)) continue
    driverEnvironment[name.slice(driverEnvironmentPrefix.length)] = value
    settings.delete(name)
  }
  return { settings, archives: archives.map(archiveFrom), driverEnvironment }
}

/**
 * Reads `--conf NAME=VALUE` and `--archives URI#FOLDER,…`.
 * @throws ValidationException naming any other option
 */
export const readSubmitParameters = (text: string): SubmitParameters => {
  const words = wordsOf(text)
  const settings = new Map<string, string>()
  for (let index = 0; index < words.length; index += 2) {
    const [option, value] = [words[index], words[index + 1]]
    if (option === '--conf' || option === '-c') settings.set(...settingFrom(value))
    else if (option === '--archives') settings.set(...settingFrom(`spark.archives=${value ?? ''}`))
    else
      throw invalid(
        `sparkSubmitParameters: the laptop stage does not implement ${option}; it knows --conf and --archives`,
      )
  }
  return split(settings)
}
