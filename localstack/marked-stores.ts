import { CloudFormationClient } from '@aws-sdk/client-cloudformation'
import { AddTagsToStreamCommand, KinesisClient, ListTagsForStreamCommand } from '@aws-sdk/client-kinesis'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { Redis } from 'iovalkey'
import pg from 'pg'
import { recordPlaces, StackMissing, type StageOutputs, stageOutputs } from '../stores/stack/outputs.ts'
import type { MarkedStore } from './incarnation.ts'
import type { Ports } from './ports.ts'
import { localRegion, urlsOf } from './urls.ts'

const settingsFor = (ports: Ports) => ({
  endpoint: urlsOf(ports).emulator,
  region: localRegion,
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
})

/** The deployed stage's names; undefined where the emulator holds no deployed stage. */
export const deployedOutputs = (ports: Ports): Promise<StageOutputs | undefined> => ofStack(ports, stageOutputs)

type Places = Awaited<ReturnType<typeof recordPlaces>>

/** The same of the archive and the stream alone: those of a stage that an older version deployed are named, too. */
export const deployedPlaces = (ports: Ports): Promise<Places | undefined> => ofStack(ports, recordPlaces)

const ofStack = async <Answer>(
  ports: Ports,
  read: (client: CloudFormationClient, stage: string) => Promise<Answer>,
): Promise<Answer | undefined> => {
  const client = new CloudFormationClient(settingsFor(ports))
  try {
    return await read(client, 'local')
  } catch (error) {
    if (error instanceof StackMissing) return undefined
    throw error
  } finally {
    client.destroy()
  }
}

/** The four stores whose contents must be of one stage. */
export const markedStores = (ports: Ports, outputs: Places | undefined): readonly MarkedStore[] => [
  archive(ports, outputs?.dataBucketName),
  stream(ports, outputs?.streamName),
  warehouse(ports),
  cache(ports),
]

const isNamed = (error: unknown, ...names: string[]) => error instanceof Error && names.includes(error.name)

const required = (name: string | undefined): string => {
  if (name === undefined) throw new Error('The stage is not deployed, so its stores have no names yet.')
  return name
}

const archive = (ports: Ports, bucket: string | undefined): MarkedStore => {
  const client = new S3Client({ ...settingsFor(ports), forcePathStyle: true })
  const place = () => ({ Bucket: required(bucket), Key: 'incarnation' })
  return {
    name: 'the data bucket (S3)',
    loss: 'the archive, from which everything is recomputed, is not the one that the warehouse was computed from',
    read: async () => {
      if (bucket === undefined) return null
      try {
        return (await (await client.send(new GetObjectCommand(place()))).Body?.transformToString()) ?? null
      } catch (error) {
        if (isNamed(error, 'NoSuchKey', 'NoSuchBucket', 'NotFound')) return null
        throw error
      }
    },
    write: async (id) => {
      await client.send(new PutObjectCommand({ ...place(), Body: id }))
    },
  }
}

const stream = (ports: Ports, name: string | undefined): MarkedStore => {
  const client = new KinesisClient({ ...settingsFor(ports), requestHandler: new NodeHttpHandler() })
  const tag = 'tidemark:incarnation'
  return {
    name: 'the stream (Kinesis)',
    loss: 'new records would get sequence numbers below the positions that the layers have reached, and be dropped as old',
    read: async () => {
      if (name === undefined) return null
      try {
        const { Tags } = await client.send(new ListTagsForStreamCommand({ StreamName: name }))
        return Tags?.find(({ Key }) => Key === tag)?.Value ?? null
      } catch (error) {
        if (isNamed(error, 'ResourceNotFoundException')) return null
        throw error
      }
    },
    write: async (id) => {
      await client.send(new AddTagsToStreamCommand({ StreamName: required(name), Tags: { [tag]: id } }))
    },
  }
}

const warehouse = (ports: Ports): MarkedStore => {
  const query = async (text: string, values: string[] = []) => {
    const client = new pg.Client({ connectionString: urlsOf(ports).postgres })
    await client.connect()
    try {
      return await client.query<{ id: string }>(text, values)
    } finally {
      await client.end()
    }
  }
  return {
    name: 'the warehouse (PostgreSQL)',
    loss: 'its positions and datasets are gone, so history would be counted again or be missing',
    read: async () => {
      const exists = await query("SELECT 1 FROM pg_tables WHERE schemaname = 'ledger' AND tablename = 'incarnation'")
      if (exists.rowCount === 0) return null
      return (await query('SELECT id FROM ledger.incarnation')).rows[0]?.id ?? null
    },
    write: async (id) => {
      await query('CREATE SCHEMA IF NOT EXISTS ledger')
      await query('CREATE TABLE IF NOT EXISTS ledger.incarnation (id VARCHAR(64) NOT NULL)')
      await query('DELETE FROM ledger.incarnation')
      await query('INSERT INTO ledger.incarnation (id) VALUES ($1)', [id])
    },
  }
}

const cache = (ports: Ports): MarkedStore => {
  const key = 'tidemark:incarnation'
  const ask = async <T>(what: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis(ports.valkey, '127.0.0.1', { lazyConnect: true })
    await client.connect()
    try {
      return await what(client)
    } finally {
      client.disconnect()
    }
  }
  return {
    name: 'the cache (Valkey)',
    loss: 'the windows would start from nothing and yet look complete',
    read: () => ask((client) => client.get(key)),
    write: async (id) => {
      await ask((client) => client.set(key, id))
    },
  }
}
