-- Ledger.transfer by plain statements, each one round trip. It hands in what our process works out: ids, keys, the
-- request's hash, day and moment. Every row and every check is the product's; the audit is clean on it too.
\set n :n + 1
\set op :first_id + :client_id * 1000000000 + :n * 4
\set transfer :op + 1
\set sender random(1, :people)
\set recipient 1 + (:sender + random(0, :people - 2)) % :people
-- 1. A transaction of its own.
BEGIN;
-- 2. The op is claimed by its key: no row if it is taken.
INSERT INTO econ_op (id, scope, idem_key, request_hash, kind, actor_id, policy_version, status, created_at)
VALUES (:op, 'bench.' || :sender, 'bench-' || :op, repeat('0', 64), 'gift', :sender, 1, 1, :now)
ON CONFLICT (scope, idem_key) DO NOTHING RETURNING id \gset claimed_
-- 3. Both wallets are locked in ascending id.
SELECT id, main_available, lot_available, next_expiry_at, version, tier FROM econ_wallet
WHERE owner_id IN (:sender, :recipient) ORDER BY id FOR NO KEY UPDATE;
-- 4. The debit: no row if it is not covered.
UPDATE econ_wallet SET main_available = main_available - :amount, version = version + 1
WHERE owner_id = :sender AND main_available >= :amount
RETURNING id, version, main_available + lot_available AS balance \gset debit_
-- 5. The credit; the table bounds the balance.
UPDATE econ_wallet SET main_available = main_available + :amount, version = version + 1
WHERE owner_id = :recipient RETURNING id, version, main_available + lot_available AS balance \gset credit_
-- 6. The transfer, both sides in one row.
INSERT INTO econ_transfer (id, op_id, kind, code, amount, debit_account, debit_wallet, debit_version, debit_balance,
  credit_account, credit_wallet, credit_version, credit_balance, day, created_at)
VALUES (:transfer, :op, 0, 'gift', :amount, :debit_id, :debit_id, :debit_version, :debit_balance,
  :credit_id, :credit_id, :credit_version, :credit_balance, :day, :now);
-- 7. The tallies of both days.
INSERT INTO econ_tally (wallet_id, day, code, done, came, went, came_ops, went_ops)
VALUES (:debit_id, :day, 'gift', 0, 0, :amount, 0, 1), (:credit_id, :day, 'gift', 0, :amount, 0, 1, 0)
ON CONFLICT (wallet_id, day, code) DO UPDATE SET
  came = econ_tally.came + excluded.came, went = econ_tally.went + excluded.went,
  came_ops = econ_tally.came_ops + excluded.came_ops, went_ops = econ_tally.went_ops + excluded.went_ops;
-- 8. The outcome is stored with the op.
UPDATE econ_op SET status = 1, result = '{"amount": ' || :amount || '}' WHERE id = :op;
-- 9. Durable from here on.
COMMIT;
