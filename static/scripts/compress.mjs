// Lays a brotli and a gzip copy beside every built file that gains by it, so that the server never compresses one.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const TEXT = /\.(js|css|html|json|svg|webmanifest)$/
const SMALLEST = 512

const encodings = {
  '.br': (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  '.gz': (bytes) => promisify(gzip)(bytes, { level: 9 }),
}

for (const entry of await readdir(dist, { recursive: true })) {
  if (!TEXT.test(entry)) continue
  const bytes = await readFile(join(dist, entry))
  if (bytes.length < SMALLEST) continue
  for (const [ending, compress] of Object.entries(encodings)) {
    await writeFile(join(dist, entry + ending), await compress(bytes))
  }
}
