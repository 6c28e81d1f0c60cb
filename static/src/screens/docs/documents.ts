/** The two API documents as one plain list, ready to be read and searched. */

export interface Shape {
  label: string
  text: string
}

export interface Operation {
  id: string
  group: string
  /** "GET", "POST"; "send" and "receive" for the socket. */
  verb: string
  name: string
  summary: string
  description: string
  shapes: Shape[]
}

type Json = Record<string, unknown>
interface Schema extends Json {
  $ref?: string
  type?: string | string[]
  title?: string
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
}
interface Parameter { name: string; in: string; required?: boolean; schema?: Schema; description?: string }
interface Content { content?: Record<string, { schema?: Schema }>; description?: string }
interface HttpOperation {
  summary?: string; description?: string; operationId?: string; tags?: string[]
  parameters?: Parameter[]; requestBody?: Content; responses?: Record<string, Content>
}
interface OpenApi { paths?: Record<string, Record<string, HttpOperation>> }
interface Message { name?: string; title?: string; summary?: string; description?: string; payload?: Schema; $ref?: string }
interface SocketOperation {
  action?: string; summary?: string; description?: string; title?: string
  messages?: Message[]; channel?: { $ref: string }
  reply?: { messages?: Message[] }
}
interface AsyncApi extends Json { operations?: Record<string, SocketOperation> }

const verbs = ['get', 'post', 'put', 'patch', 'delete'] as const

/** A JSON schema in the notation of TypeScript, at most `depth` levels of unnamed objects deep. */
export function typeText(schema: Schema | undefined, depth = 3): string {
  if (!schema) return 'unknown'
  if (schema.$ref) return schema.$ref.split('/').at(-1) ?? 'unknown'
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const union = schema.anyOf ?? schema.oneOf
  if (union) return [...new Set(union.map((part) => typeText(part, depth)))].join(' | ')
  if (schema.allOf) return schema.allOf.map((part) => typeText(part, depth)).join(' & ')
  if (Array.isArray(schema.type)) return schema.type.join(' | ')
  if (schema.type === 'array') return arrayText(typeText(schema.items, depth))
  if (schema.properties) return depth > 0 ? objectText(schema, depth) : '{ … }'
  if (typeof schema.additionalProperties === 'object') return `Record<string, ${typeText(schema.additionalProperties, depth)}>`
  return schema.type ?? 'unknown'
}

function arrayText(item: string): string {
  return /[|&]/.test(item) && !item.startsWith('{') ? `(${item})[]` : `${item}[]`
}

function objectText(schema: Schema, depth: number): string {
  const required = new Set(schema.required)
  const lines = Object.entries(schema.properties ?? {}).map(([name, part]) => {
    const text = typeText(part, depth - 1).replaceAll('\n', '\n  ')
    return `  ${/^\w+$/.test(name) ? name : JSON.stringify(name)}${required.has(name) ? '' : '?'}: ${text}`
  })
  return lines.length ? `{\n${lines.join('\n')}\n}` : '{}'
}

const bodyOf = (content: Content | undefined) => Object.values(content?.content ?? {})[0]?.schema

export function httpOperations(document: OpenApi): Operation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    verbs.flatMap((verb) => (methods[verb] ? [httpOperation(verb, path, methods[verb])] : [])),
  )
}

function httpOperation(verb: string, path: string, given: HttpOperation): Operation {
  const shapes: Shape[] = []
  const parameters = (given.parameters ?? []).map(({ name, in: place, required, schema }) => `${place} ${name}${required ? '' : '?'}: ${typeText(schema)}`)
  if (parameters.length) shapes.push({ label: 'parameters', text: parameters.join('\n') })
  const body = bodyOf(given.requestBody)
  if (body) shapes.push({ label: 'body', text: typeText(body) })
  for (const [status, response] of Object.entries(given.responses ?? {})) {
    const answer = bodyOf(response)
    shapes.push({ label: status, text: answer ? typeText(answer) : (response.description ?? '') })
  }
  return {
    id: given.operationId ?? `${verb} ${path}`, group: given.tags?.[0] ?? '', verb: verb.toUpperCase(), name: path,
    summary: given.summary ?? '', description: given.description ?? '', shapes,
  }
}

/** What a `#/a/b` reference within `document` points at; references behind it are followed. */
function resolve<T extends { $ref?: string }>(document: Json, given: T): T {
  let found = given
  for (let hops = 0; found.$ref && hops < 8; hops += 1) {
    const keys = found.$ref.slice(2).split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    found = keys.reduce<unknown>((at, key) => (at as Json | undefined)?.[key], document) as T
    if (!found) return given
  }
  return found
}

export function socketOperations(document: AsyncApi): Operation[] {
  return Object.entries(document.operations ?? {}).map(([id, given]) => {
    const messages = (given.messages ?? []).map((message) => resolve(document, message))
    const replies = (given.reply?.messages ?? []).map((message) => resolve(document, message))
    const first = messages[0]
    return {
      // AsyncAPI speaks from the server's side: what it receives, a client sends.
      id: `socket ${id}`, group: '', verb: given.action === 'receive' ? 'send' : 'receive',
      name: id,
      summary: given.summary ?? first?.summary ?? '', description: given.description ?? first?.description ?? '',
      shapes: [
        ...messages.map((message) => ({ label: 'payload', text: typeText(message.payload) })),
        ...replies.map((message) => ({ label: 'ack', text: typeText(message.payload) })),
      ],
    }
  })
}

/** The named schemas of a document. */
export function namedShapes(document: Json): Shape[] {
  const schemas = (document.components as { schemas?: Record<string, Schema> } | undefined)?.schemas ?? {}
  return Object.entries(schemas).map(([label, schema]) => ({ label, text: typeText(schema) }))
}
