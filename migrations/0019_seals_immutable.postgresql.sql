-- The chain only grows.
CREATE TRIGGER econ_seal_no_change BEFORE UPDATE OR DELETE ON econ_seal
  FOR EACH ROW EXECUTE FUNCTION econ_refuse();
CREATE TRIGGER econ_seal_no_truncate BEFORE TRUNCATE ON econ_seal
  FOR EACH STATEMENT EXECUTE FUNCTION econ_refuse();
