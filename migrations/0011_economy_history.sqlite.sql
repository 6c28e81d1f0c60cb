-- History is written once. Every connection runs with recursive_triggers = ON, or INSERT OR REPLACE would
-- delete rows past these triggers.
CREATE TRIGGER econ_transfer_no_update BEFORE UPDATE ON econ_transfer
BEGIN
  SELECT RAISE(ABORT, 'econ_transfer is immutable');
END;
CREATE TRIGGER econ_transfer_no_delete BEFORE DELETE ON econ_transfer
BEGIN
  SELECT RAISE(ABORT, 'econ_transfer is immutable');
END;

-- An op gets its outcome once, together with its transfers.
CREATE TRIGGER econ_op_settled_once BEFORE UPDATE ON econ_op
WHEN OLD.result IS NOT NULL OR NEW.result IS NULL OR OLD.id <> NEW.id OR OLD.scope <> NEW.scope
  OR OLD.idem_key <> NEW.idem_key OR OLD.request_hash <> NEW.request_hash
BEGIN
  SELECT RAISE(ABORT, 'an outcome in econ_op is immutable');
END;
CREATE TRIGGER econ_op_no_delete BEFORE DELETE ON econ_op
BEGIN
  SELECT RAISE(ABORT, 'econ_op is kept for ever');
END;
