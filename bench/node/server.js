// Stock Node socket.io, as its documentation has it: in memory, or storing and rewarding with pg.
//
//     node server.js PORT [POSTGRESQL_URL]
//
// The same work as the Python rival beside it: one transaction for each message, acknowledged after its commit.
import { createServer } from "node:http";
import pg from "pg";
import { Server } from "socket.io";

const [port, databaseUrl] = process.argv.slice(2);
const DAY_CAP = 50;
const EPOCH = "0123456789abcdef";

const pool = databaseUrl ? new pg.Pool({ connectionString: databaseUrl, max: 10 }) : null;
const heads = new Map();

// Named statements are prepared once for each connection, as asyncpg does by itself.
const SQL = {
  number: "UPDATE room SET seq = seq + 1 WHERE id = $1 RETURNING seq",
  message:
    "INSERT INTO message (room_id, seq, author_id, client_id, body, at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
  wallet:
    "UPDATE wallet SET balance = balance + 1000000, day = $2, earned = CASE WHEN day = $2 THEN earned + 1 ELSE 1 END" +
    " WHERE account_id = $1 AND (day <> $2 OR earned < $3) RETURNING balance",
  ledger:
    "INSERT INTO ledger (account_id, message_id, amount, balance_after, at) VALUES ($1, $2, 1000000, $3, $4)",
};

function postInMemory(command) {
  const seq = (heads.get(command.room_id) ?? 0) + 1;
  heads.set(command.room_id, seq);
  return { id: seq, seq };
}

async function postStored(command, person) {
  const db = await pool.connect();
  const run = async (name, values) => (await db.query({ name, text: SQL[name], values })).rows[0];
  try {
    const now = Date.now();
    await db.query("BEGIN");
    const { seq } = await run("number", [command.room_id]);
    const { id } = await run("message", [command.room_id, seq, person, command.client_id, command.body, now]);
    const wallet = await run("wallet", [person, Math.floor(now / 86_400_000), DAY_CAP]);
    if (wallet) await run("ledger", [person, id, wallet.balance, now]);
    await db.query("COMMIT");
    return { id, seq: Number(seq) };
  } catch (error) {
    await db.query("ROLLBACK");
    throw error;
  } finally {
    db.release();
  }
}

function eventOf(command, person, { id, seq }) {
  const at = new Date().toISOString();
  const author = { id: `73107310731${String(person).padStart(8, "0")}`, username: `person-${person}` };
  const message = {
    id: `73107310731${String(id).padStart(8, "0")}`,
    room_id: command.room_id,
    seq,
    client_id: command.client_id,
    author,
    body: command.body,
    at,
  };
  return { room_id: command.room_id, seq, kind: "message.posted", at, actor: author, epoch: EPOCH, message };
}

const http = createServer();
const io = new Server(http);

io.on("connection", (socket) => {
  const person = Number(socket.handshake.auth.token.split("-")[1]);
  socket.on("room.open", (command, acknowledge) => {
    socket.join(command.room_id);
    acknowledge({ ok: true });
  });
  socket.on("message.send", async (command, acknowledge) => {
    const posted = pool ? await postStored(command, person) : postInMemory(command);
    const event = eventOf(command, person, posted);
    io.to(command.room_id).emit("room.event", event);
    acknowledge({ ok: true, message: event.message, seq: posted.seq, duplicate: false });
  });
});

http.listen(Number(port), "127.0.0.1");
