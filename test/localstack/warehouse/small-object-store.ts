import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Objects by `bucket/key`, served as S3 does: ListObjectsV2 (two keys a page, to make readers page), HeadObject and GetObject. */
export interface SmallObjectStore {
  url: string
  objects: Map<string, Buffer>
  /** Called before an object is answered, which waits for it. */
  onRead: ((path: string) => Promise<void>) | null
  stop(): Promise<void>
}

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

function listing(objects: ReadonlyMap<string, Buffer>, bucket: string, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('continuation-token') ?? ''
  const keys = [...objects.keys()]
    .filter((path) => path.startsWith(`${bucket}/${prefix}`))
    .map((path) => path.slice(bucket.length + 1))
    .filter((key) => key > after)
    .sort()
  const page = keys.slice(0, 2)
  const contents = page.map(
    (key) => `<Contents><Key>${escapeXml(key)}</Key><Size>${objects.get(`${bucket}/${key}`)?.length}</Size></Contents>`,
  )
  const more = keys.length > page.length
  const next = more ? `<NextContinuationToken>${escapeXml(page.at(-1) ?? '')}</NextContinuationToken>` : ''
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`
}

export async function startSmallObjectStore(): Promise<SmallObjectStore> {
  const objects = new Map<string, Buffer>()
  const store: SmallObjectStore = {
    url: '',
    objects,
    onRead: null,
    stop: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const path = decodeURIComponent(url.pathname.slice(1))
    if (url.searchParams.get('list-type') === '2') {
      response.setHeader('content-type', 'application/xml')
      response.end(listing(objects, path.replace(/\/$/, ''), url.searchParams))
      return
    }
    await store.onRead?.(path)
    const found = objects.get(path)
    response.statusCode = found ? 200 : 404
    const body = found ?? Buffer.from('<Error><Code>NoSuchKey</Code></Error>')
    response.setHeader('content-length', request.method === 'HEAD' && !found ? 0 : body.length)
    response.end(request.method === 'HEAD' ? undefined : body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  store.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return store
}
