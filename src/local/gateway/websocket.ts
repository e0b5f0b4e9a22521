/** Requests that want to turn a connection into a WebSocket: an ordinary request until the pod agrees, then two pipes. */
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  type Asked,
  askedOverHttp1,
  listenersOf,
  type Reply,
  replyOverHttp1,
  type Switched,
} from './client.ts'
import { watchSilence } from './exchange.ts'
import { outgoing } from './headers.ts'

/** True for the one protocol that connections are handed over to. */
export function wantsWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/** @param head what the client said behind its request */
export function askedUpgrade(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): { readonly asked: Asked; readonly reply: Reply } {
  // Nobody else listens any more: the HTTP server has let go of the connection.
  socket.on('error', () => socket.destroy())
  const response = new ServerResponse(incoming)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
  response.once('finish', () => socket.end())
  return {
    asked: { ...askedOverHttp1(incoming), isUpgrade: true, body: undefined },
    reply: {
      ...replyOverHttp1(response),
      switchTo: (pod) => {
        response.detachSocket(socket as Parameters<ServerResponse['detachSocket']>[0])
        join(socket, head, pod)
      },
      onClose: listenersOf(socket, () => response.writableFinished),
    },
  }
}

function join(
  client: Duplex,
  head: Buffer,
  { fields, socket: pod, rest, silenceMs, clock }: Switched,
) {
  const lines = Object.entries(outgoing(fields)).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${one}\r\n`),
  )
  client.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${lines.join('')}\r\n`,
  )
  if (rest.length > 0) client.write(rest)
  if (head.length > 0) pod.write(head)
  const end = (): void => {
    client.destroy()
    pod.destroy()
  }
  const silence = watchSilence(clock, silenceMs, end)
  silence.follow(pod)
  silence.follow(client)
  pod.on('error', end)
  // Either side may have ended what it says; the other still may speak until its end.
  client.pipe(pod)
  pod.pipe(client)
  client.once('close', end)
  pod.once('close', () => client.end())
}
