import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { Archive } from './submit-parameters.ts'

const run = promisify(execFile)

/** Brings objects of the emulator's S3 to local files. */
export interface Inputs {
  /** Downloads to `folder`, under the object's own name. @throws naming the object that could not be had */
  download(uri: string, folder: string): Promise<string>
  close(): void
}

export const inputsFrom = (endpoint: string): Inputs => {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
  const download = async (uri: string, folder: string) => {
    const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? []
    const path = join(folder, basename(uri))
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
      if (!(Body instanceof Readable)) throw new Error('it has no body')
      await pipeline(Body, createWriteStream(path))
    } catch (error) {
      throw new Error(`${uri} could not be downloaded: ${error}`, { cause: error })
    }
    return path
  }
  return { download, close: () => client.destroy() }
}

const unpackCode = `
import sys, tarfile, zipfile
source, target = sys.argv[1:]
if zipfile.is_zipfile(source):
    zipfile.ZipFile(source).extractall(target)
else:
    with tarfile.open(source) as archive:
        archive.extractall(target)
`

/** Unpacks an archive in its folder of `workDir`, where a driver on EMR Serverless finds it too. */
export const unpack = async (python: string, path: string, { folder }: Archive, workDir: string): Promise<void> => {
  const target = join(workDir, folder)
  await mkdir(target)
  await run(python, ['-c', unpackCode, path, target])
}
