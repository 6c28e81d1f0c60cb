-- History is written once.
CREATE FUNCTION econ_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER econ_transfer_no_change BEFORE UPDATE OR DELETE ON econ_transfer
  FOR EACH ROW EXECUTE FUNCTION econ_refuse();
CREATE TRIGGER econ_transfer_no_truncate BEFORE TRUNCATE ON econ_transfer
  FOR EACH STATEMENT EXECUTE FUNCTION econ_refuse();

-- An op gets its outcome once, together with its transfers.
CREATE TRIGGER econ_op_settled_once BEFORE UPDATE ON econ_op
  FOR EACH ROW
  WHEN (OLD.result IS NOT NULL OR NEW.result IS NULL OR OLD.id <> NEW.id OR OLD.scope <> NEW.scope
    OR OLD.idem_key <> NEW.idem_key OR OLD.request_hash <> NEW.request_hash)
  EXECUTE FUNCTION econ_refuse();
CREATE TRIGGER econ_op_no_delete BEFORE DELETE ON econ_op
  FOR EACH ROW EXECUTE FUNCTION econ_refuse();
CREATE TRIGGER econ_op_no_truncate BEFORE TRUNCATE ON econ_op
  FOR EACH STATEMENT EXECUTE FUNCTION econ_refuse();

-- Room on each page for the next version of a wallet row, so that updates stay on it and touch no index.
ALTER TABLE econ_wallet SET (fillfactor = 75);
