-- Ledger.hold and then Ledger.capture of all of it, two transactions counted as one operation, by plain statements,
-- each one round trip. It hands in what our process works out: ids, keys, the request's hash, day and moment. Every
-- row and every check is the product's; the audit is clean on it too.
\set n :n + 1
\set hold :first_id + :client_id * 1000000000 + :n * 4
\set pending :hold + 1
\set capture :hold + 2
\set captured :hold + 3
\set expires_at :now + 3600000
\set owner random(1, :people)
-- 1. The hold's transaction.
BEGIN;
-- 2. Its op is claimed by its key: no row if it is taken.
INSERT INTO econ_op (id, scope, idem_key, request_hash, kind, actor_id, policy_version, status, created_at)
VALUES (:hold, 'bench.' || :owner, 'hold-' || :hold, repeat('0', 64), 'hold', :owner, 1, 1, :now)
ON CONFLICT (scope, idem_key) DO NOTHING RETURNING id \gset claimed_
-- 3. The wallet is locked.
SELECT id, main_available, lot_available, next_expiry_at, version, tier FROM econ_wallet
WHERE owner_id = :owner FOR NO KEY UPDATE \gset wallet_
-- 4. The money is set aside: no row if there is not so much.
UPDATE econ_wallet SET main_available = main_available - :amount, held = held + :amount, version = version + 1
WHERE id = :wallet_id AND main_available >= :amount
RETURNING version, main_available + lot_available AS balance \gset debit_
-- 5. The pending transfer.
INSERT INTO econ_transfer (id, op_id, kind, code, amount, debit_account, debit_wallet, debit_version, debit_balance,
  credit_account, expires_at, day, created_at)
VALUES (:pending, :hold, 1, 'purchase', :amount, :wallet_id, :wallet_id, :debit_version, :debit_balance,
  -3, :expires_at, :day, :now);
-- 6. The outcome is stored with the op.
UPDATE econ_op SET status = 1,
  result = '{"amount": ' || :amount || ', "expires_at": ' || :expires_at || '}' WHERE id = :hold;
-- 7. Durable from here on.
COMMIT;
-- 8. The capture's transaction.
BEGIN;
-- 9. Its op is claimed by its key: no row if it is taken.
INSERT INTO econ_op (id, scope, idem_key, request_hash, kind, actor_id, policy_version, status, created_at)
VALUES (:capture, 'bench.' || :owner, 'capture-' || :capture, repeat('0', 64), 'capture', :owner, 1, 1, :now)
ON CONFLICT (scope, idem_key) DO NOTHING RETURNING id \gset claimed_
-- 10. What was held: no row if there is no such hold.
SELECT id, amount, debit_wallet AS wallet, expires_at FROM econ_transfer WHERE op_id = :hold AND kind = 1 \gset pending_
-- 11. The wallet is locked.
SELECT id, main_available, lot_available, next_expiry_at, version, tier FROM econ_wallet
WHERE id = :pending_wallet FOR NO KEY UPDATE;
-- 12. Nobody was faster: read after the lock; no row if it is resolved or has run out.
SELECT id FROM econ_transfer AS pending WHERE id = :pending_id AND expires_at > :now
  AND NOT EXISTS (SELECT 1 FROM econ_transfer AS done WHERE done.pending_id = pending.id) \gset open_
-- 13. The money is no longer set aside.
UPDATE econ_wallet SET held = held - :pending_amount, version = version + 1
WHERE id = :pending_wallet AND held >= :pending_amount
RETURNING version, main_available + lot_available AS balance \gset debit_
-- 14. The transfer that resolves the pending one.
INSERT INTO econ_transfer (id, op_id, kind, code, amount, debit_account, debit_wallet, debit_version, debit_balance,
  credit_account, pending_id, day, created_at)
VALUES (:captured, :capture, 2, 'purchase', :pending_amount, :pending_wallet, :pending_wallet, :debit_version,
  :debit_balance, -3, :pending_id, :day, :now);
-- 15. The tally of the day.
INSERT INTO econ_tally (wallet_id, day, code, done, came, went, came_ops, went_ops)
VALUES (:pending_wallet, :day, 'purchase', 0, 0, :pending_amount, 0, 1)
ON CONFLICT (wallet_id, day, code) DO UPDATE SET
  went = econ_tally.went + excluded.went, went_ops = econ_tally.went_ops + excluded.went_ops;
-- 16. The outcome is stored with the op.
UPDATE econ_op SET status = 1, result = '{"amount": ' || :pending_amount || ', "returned": 0}' WHERE id = :capture;
-- 17. Durable from here on.
COMMIT;
