import { expect, test } from 'vitest'
import { httpOperations, socketOperations, typeText } from './documents'

test.each([
  [{ type: 'array', items: { $ref: '#/components/schemas/Message' } }, 'Message[]'],
  [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string | null'],
  [{ type: 'array', items: { enum: ['a', 'b'] } }, '("a" | "b")[]'],
  [{ type: 'object', additionalProperties: { type: 'integer' } }, 'Record<string, integer>'],
  [{ type: 'object', properties: { id: { type: 'string' }, q: {} }, required: ['id'] }, '{\n  id: string\n  q?: unknown\n}'],
  [{ const: true }, 'true'],
])('%j', (schema, text) => {
  expect(typeText(schema)).toBe(text)
})

test('HTTP operations carry parameters, body and answers', () => {
  const body = { content: { 'application/json': { schema: { type: 'string' } } } }
  const paths = { '/api/x/{id}': { post: { tags: ['x'], parameters: [{ name: 'id', in: 'path', required: true }], requestBody: body, responses: { 204: { description: 'done' } } } } }
  expect(httpOperations({ paths })[0]).toMatchObject({
    verb: 'POST', name: '/api/x/{id}', group: 'x',
    shapes: [{ label: 'parameters', text: 'path id: unknown' }, { label: 'body', text: 'string' }, { label: '204', text: 'done' }],
  })
})

test('socket operations follow references, and speak from the client’s side', () => {
  const document = {
    channels: { default: { messages: { open: { $ref: '#/components/messages/open' } } } },
    components: { messages: { open: { name: 'room.open', payload: { type: 'object', properties: {} } } } },
    operations: { 'room.open': { action: 'receive', messages: [{ $ref: '#/channels/default/messages/open' }] } },
  }
  expect(socketOperations(document)[0]).toMatchObject({ verb: 'send', name: 'room.open', shapes: [{ label: 'payload' }] })
})
