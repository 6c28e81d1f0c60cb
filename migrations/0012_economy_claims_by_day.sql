-- Claims that count for one day are dropped some days later; those that count for ever have day 0.
CREATE INDEX ix_claim_day ON econ_claim (day) WHERE day > 0;
