/** Constraints, indices, views, roles, upkeep: what changes no row. */
import { type LegalStep, quiet } from "./step.ts";

export const OBJECT_STEPS: readonly LegalStep[] = [
  quiet("add a check", "ALTER TABLE notes ADD CONSTRAINT body_there CHECK (length(body) > 0)"),
  quiet(
    "add a foreign key in two steps",
    "ALTER TABLE device_log ADD CONSTRAINT of_patient FOREIGN KEY (patient_id) REFERENCES patients NOT VALID",
    "ALTER TABLE device_log VALIDATE CONSTRAINT of_patient",
  ),
  quiet("drop a foreign key", "ALTER TABLE invoices DROP CONSTRAINT invoices_encounter_id_fkey"),
  quiet("add a unique constraint", "ALTER TABLE documents ADD CONSTRAINT once UNIQUE (id, patient_id)"),
  quiet("make an index while people write", "CREATE INDEX CONCURRENTLY by_code ON conditions (code)"),
  quiet("drop an index", "DROP INDEX by_code"),
  quiet("views", "CREATE VIEW open_files AS SELECT * FROM patients WHERE NOT archived", "DROP VIEW open_files"),
  quiet(
    "materialized views",
    "CREATE MATERIALIZED VIEW per_ward AS SELECT ward, count(*) FROM bed_assignments GROUP BY ward",
    "REFRESH MATERIALIZED VIEW per_ward",
  ),
  quiet(
    "a trigger that writes",
    "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title := trim(NEW.title); RETURN NEW; END $$",
    "CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION stamp()",
  ),
  quiet("storage parameters", "ALTER TABLE notes SET (fillfactor = 80)"),
  quiet("another way to store long values", "ALTER TABLE documents ALTER COLUMN content SET STORAGE EXTERNAL"),
  quiet("a replica identity by key", "ALTER TABLE care_team REPLICA IDENTITY DEFAULT"),
  quiet("statistics", "CREATE STATISTICS coded (dependencies) ON code, unit FROM observations"),
  quiet("a rule for a domain", "ALTER DOMAIN icd10 ADD CONSTRAINT short CHECK (length(VALUE) < 8)"),
  quiet("a sequence", "ALTER SEQUENCE conditions_id_seq CACHE 5"),
  quiet("comments", "COMMENT ON TABLE patients IS 'one row per person'"),
  quiet(
    "roles and rights",
    "CREATE ROLE registrar LOGIN",
    "GRANT SELECT, UPDATE ON patients TO registrar",
    "REVOKE UPDATE ON patients FROM registrar",
    "ALTER ROLE registrar SET datestyle = 'German, DMY'",
    "ALTER DATABASE hospital SET intervalstyle = 'iso_8601'",
  ),
  quiet(
    "another owner",
    "ALTER TABLE allergies OWNER TO registrar",
    "ALTER TABLE allergies OWNER TO postgres",
    "DROP OWNED BY registrar",
    "DROP ROLE registrar",
  ),
  quiet(
    "row level security",
    "ALTER TABLE allergies ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY everybody ON allergies USING (true)",
  ),
  quiet("ANALYZE", "ANALYZE"),
  quiet("VACUUM FULL", "VACUUM FULL conditions", "VACUUM FULL device_log"),
  quiet("VACUUM with freezing", "VACUUM (FREEZE) medications"),
  quiet("CLUSTER", "CLUSTER notes USING notes_pkey"),
  quiet("REINDEX", "REINDEX TABLE patients", "REINDEX TABLE CONCURRENTLY invoices"),
];
