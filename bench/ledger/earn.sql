-- Economy.reward_activity for a message, by plain statements, each one round trip. It hands in what our process works
-- out: ids, keys, the request's hash, the fingerprint, the decision, day and moment. Every row and every check is the
-- product's; the audit is clean on it too.
\set n :n + 1
\set op :first_id + :client_id * 1000000000 + :n * 4
\set transfer :op + 1
\set actor random(1, :people)
-- 1. A transaction of its own.
BEGIN;
-- 2. The op is claimed by its key: no row if it is taken.
INSERT INTO econ_op (id, scope, idem_key, request_hash, kind, actor_id, policy_version, status, created_at)
VALUES (:op, 'activity.send_message', 'message:' || :op, repeat('0', 64), 'reward', :actor, 1, 1, :now)
ON CONFLICT (scope, idem_key) DO NOTHING RETURNING id \gset claimed_
-- 3. The wallet is locked.
SELECT id, earn_day, earn_day_used, earn_week_used FROM econ_wallet WHERE owner_id = :actor FOR NO KEY UPDATE \gset wallet_
-- 4. What the caps of the day have left, of this activity and of those that share one with it.
SELECT code, came FROM econ_tally WHERE wallet_id = :wallet_id AND day = :day;
-- 5. The same content earns once a day: no row if it is a repetition.
INSERT INTO econ_claim (wallet_id, activity, day, subject, op_id)
VALUES (:wallet_id, 'send_message', :day, md5(CAST(:op AS TEXT)), :op)
ON CONFLICT (wallet_id, activity, day, subject) DO NOTHING RETURNING op_id \gset fresh_
-- 6. The credit with its counters: no row if the day or the week is full. ISO weeks begin on Mondays, as day 1 did.
UPDATE econ_wallet SET main_available = main_available + :reward, version = version + 1, earn_day = :day,
  earn_day_used = CASE WHEN earn_day = :day THEN earn_day_used ELSE 0 END + :reward,
  earn_week_used = CASE WHEN (earn_day - 1) / 7 = (:day - 1) / 7 THEN earn_week_used ELSE 0 END + :reward
WHERE id = :wallet_id AND CASE WHEN earn_day = :day THEN earn_day_used ELSE 0 END + :reward <= 500000000
  AND CASE WHEN (earn_day - 1) / 7 = (:day - 1) / 7 THEN earn_week_used ELSE 0 END + :reward <= 3000000000
RETURNING version, main_available + lot_available AS balance \gset credit_
-- 7. The transfer, both sides in one row.
INSERT INTO econ_transfer (id, op_id, kind, code, amount, debit_account, credit_account, credit_wallet, credit_version,
  credit_balance, day, created_at)
VALUES (:transfer, :op, 0, 'send_message', :reward, -1, :wallet_id, :wallet_id, :credit_version,
  :credit_balance, :day, :now);
-- 8. The tally of the day: no row if the activity's cap is full.
INSERT INTO econ_tally (wallet_id, day, code, done, came, went, came_ops, went_ops)
VALUES (:wallet_id, :day, 'send_message', 1, :reward, 0, 1, 0)
ON CONFLICT (wallet_id, day, code) DO UPDATE SET done = econ_tally.done + excluded.done,
  came = econ_tally.came + excluded.came, came_ops = econ_tally.came_ops + excluded.came_ops
WHERE econ_tally.came + excluded.came <= 50000000 RETURNING came \gset tally_
-- 9. The decision is stored with the op.
UPDATE econ_op SET status = 1, result = '{"activity": "send_message", "base": 1000000, "granted": ' || :reward
  || ', "factors": [], "ceiling": null, "multiplied": 1000000, "capped_by": null, "withheld": null, "caps": ['
  || '{"name": "activity_day", "used_before": ' || :wallet_earn_day_used || ', "limit": 50000000}, '
  || '{"name": "day", "used_before": ' || :wallet_earn_day_used || ', "limit": 500000000}, '
  || '{"name": "week", "used_before": ' || :wallet_earn_week_used || ', "limit": 3000000000}]}' WHERE id = :op;
-- 10. Durable from here on.
COMMIT;
