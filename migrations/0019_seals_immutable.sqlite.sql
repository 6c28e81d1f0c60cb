-- The chain only grows.
CREATE TRIGGER econ_seal_no_update BEFORE UPDATE ON econ_seal
BEGIN
  SELECT RAISE(ABORT, 'econ_seal is immutable');
END;
CREATE TRIGGER econ_seal_no_delete BEFORE DELETE ON econ_seal
BEGIN
  SELECT RAISE(ABORT, 'econ_seal is immutable');
END;
