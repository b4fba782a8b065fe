//! What a run reads and writes, as OpenLineage events: plain data in, JSON out.
//!
//! The events are those of the published schema, <https://openlineage.io/spec/2-0-2/OpenLineage.json>: a START and one of COMPLETE,
//! FAIL or ABORT a run, with the datasets, their columns, rows and versions as facets. Who sends them where is not of this crate.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

const SPEC: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const FACETS: &str = "https://openlineage.io/spec/facets/";

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It began.
    Start,
    /// It is done.
    Complete,
    /// It failed.
    Fail,
    /// It was stopped.
    Abort,
}

/// An event of a run.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// What became of it.
    pub kind: Kind,
    /// When, ISO 8601, UTC.
    pub time: &'a str,
    /// The run's own name; its UUID follows from it.
    pub run_id: &'a str,
    /// The instant the run is about, ISO 8601.
    pub about: &'a str,
    /// Why it failed.
    pub error: Option<&'a str>,
    /// Where the job is at home: a workspace.
    pub namespace: &'a str,
    /// The pipeline.
    pub job: &'a str,
    /// What is read.
    pub inputs: &'a [Dataset],
    /// What is written.
    pub outputs: &'a [Dataset],
    /// A URI of the program and its version.
    pub producer: &'a str,
}

/// A dataset that is read or written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dataset {
    /// What its name is a name in: `file`, or a database.
    pub namespace: String,
    /// Its name there.
    pub name: String,
    /// Columns with their types; empty where they are not known.
    pub columns: Vec<(String, String)>,
    /// How many rows were read or written.
    pub rows: Option<u64>,
    /// Which version of it: a hash of its content.
    pub version: Option<String>,
}

/// The event as JSON.
pub fn to_json(event: &Event<'_>) -> Json {
    let kind = match event.kind {
        Kind::Start => "START",
        Kind::Complete => "COMPLETE",
        Kind::Fail => "FAIL",
        Kind::Abort => "ABORT",
    };
    let producer = event.producer;
    let mut run = Map::new();
    run.insert(
        "nominalTime".to_owned(),
        facet(
            producer,
            "1-0-1/NominalTimeRunFacet.json#/$defs/NominalTimeRunFacet",
            [("nominalStartTime", json!(event.about))],
        ),
    );
    if let Some(error) = event.error {
        let fields = [("message", json!(error)), ("programmingLanguage", json!("Rust"))];
        run.insert(
            "errorMessage".to_owned(),
            facet(producer, "1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet", fields),
        );
    }
    let inputs: Vec<Json> = event.inputs.iter().map(|dataset| input(dataset, producer)).collect();
    let outputs: Vec<Json> = event.outputs.iter().map(|dataset| output(dataset, producer)).collect();
    json!({
        "eventType": kind,
        "eventTime": event.time,
        "run": { "runId": uuid(event.run_id), "facets": run },
        "job": { "namespace": event.namespace, "name": event.job, "facets": { "jobType": job_type(producer) } },
        "inputs": inputs,
        "outputs": outputs,
        "producer": producer,
        "schemaURL": SPEC,
    })
}

fn job_type(producer: &str) -> Json {
    let fields =
        [("processingType", json!("BATCH")), ("integration", json!("NIGHTLOOM")), ("jobType", json!("PIPELINE"))];
    facet(producer, "2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet", fields)
}

fn facet<const N: usize>(producer: &str, schema: &str, fields: [(&str, Json); N]) -> Json {
    let mut facet = Map::new();
    facet.insert("_producer".to_owned(), json!(producer));
    facet.insert("_schemaURL".to_owned(), json!(format!("{FACETS}{schema}")));
    facet.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    Json::Object(facet)
}

fn dataset(dataset: &Dataset, producer: &str) -> Map<String, Json> {
    let mut facets = Map::new();
    if !dataset.columns.is_empty() {
        let fields: Vec<Json> =
            dataset.columns.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect();
        let schema =
            facet(producer, "1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet", [("fields", json!(fields))]);
        facets.insert("schema".to_owned(), schema);
    }
    if let Some(version) = &dataset.version {
        let path = "1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet";
        facets.insert("version".to_owned(), facet(producer, path, [("datasetVersion", json!(version))]));
    }
    let mut whole = Map::new();
    whole.insert("namespace".to_owned(), json!(dataset.namespace));
    whole.insert("name".to_owned(), json!(dataset.name));
    whole.insert("facets".to_owned(), Json::Object(facets));
    whole
}

fn input(read: &Dataset, producer: &str) -> Json {
    let mut whole = dataset(read, producer);
    if let Some(rows) = read.rows {
        let path = "1-0-0/InputStatisticsInputDatasetFacet.json#/$defs/InputStatisticsInputDatasetFacet";
        let facet = facet(producer, path, [("rowCount", json!(rows))]);
        whole.insert("inputFacets".to_owned(), json!({ "inputStatistics": facet }));
    }
    Json::Object(whole)
}

fn output(written: &Dataset, producer: &str) -> Json {
    let mut whole = dataset(written, producer);
    if let Some(rows) = written.rows {
        let path = "1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet";
        let facet = facet(producer, path, [("rowCount", json!(rows))]);
        whole.insert("outputFacets".to_owned(), json!({ "outputStatistics": facet }));
    }
    Json::Object(whole)
}

/// A UUID that follows from a text: version 8 of RFC 9562, the first bits of its SHA-256.
pub fn uuid(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let variant = match hex.as_bytes().get(16) {
        Some(b'0' | b'4' | b'8' | b'c') => '8',
        Some(b'1' | b'5' | b'9' | b'd') => '9',
        Some(b'2' | b'6' | b'a' | b'e') => 'a',
        _ => 'b',
    };
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-8{}-{variant}{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset() -> Dataset {
        Dataset {
            namespace: "file".into(),
            name: "/srv/shop/products.db/products".into(),
            columns: vec![("id".into(), "integer".into())],
            rows: Some(2000),
            version: Some("ab12".into()),
        }
    }

    fn event(kind: Kind, error: Option<&str>) -> Json {
        let datasets = [dataset()];
        to_json(&Event {
            kind,
            time: "2026-03-01T02:00:04.123Z",
            run_id: "20260301T020000.000001Z-1",
            about: "2026-03-01T00:00:00Z",
            error,
            namespace: "shop",
            job: "nightly",
            inputs: &datasets,
            outputs: &datasets,
            producer: "https://example.test/nightloom/0.1.0",
        })
    }

    #[test]
    fn an_event_has_what_the_schema_requires_and_its_facets() {
        let json = event(Kind::Complete, None);
        for name in ["eventType", "eventTime", "run", "job", "producer", "schemaURL"] {
            assert!(!json[name].is_null(), "{name}: {json}");
        }
        assert_eq!(json["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"], 2000);
        assert_eq!(json["inputs"][0]["facets"]["version"]["datasetVersion"], "ab12");
        assert_eq!(json["inputs"][0]["facets"]["schema"]["fields"][0]["type"], "integer");
        assert!(json["run"]["facets"]["errorMessage"].is_null());
        let failed = event(Kind::Fail, Some("stage 'link' failed"));
        assert_eq!(failed["run"]["facets"]["errorMessage"]["message"], "stage 'link' failed");
        assert_eq!(failed["run"]["runId"], json["run"]["runId"]);
    }

    #[test]
    fn every_facet_says_who_made_it_and_by_which_schema() {
        fn facets(json: &Json, found: &mut usize) {
            let Some(object) = json.as_object() else { return };
            for (name, value) in object {
                if name == "facets" || name.ends_with("Facets") {
                    for facet in value.as_object().into_iter().flat_map(Map::values) {
                        assert!(facet["_producer"].is_string() && facet["_schemaURL"].is_string(), "{facet}");
                        *found += 1;
                    }
                }
                facets(value, found);
                value.as_array().into_iter().flatten().for_each(|item| facets(item, found));
            }
        }
        let mut found = 0;
        facets(&event(Kind::Fail, Some("x")), &mut found);
        assert_eq!(found, 9);
    }

    #[test]
    fn a_uuid_follows_from_its_text_and_is_of_version_8() {
        let one = uuid("a");
        assert_eq!(one, uuid("a"));
        assert_ne!(one, uuid("b"));
        let parts: Vec<&str> = one.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(parts[2].starts_with('8') && parts[3].starts_with(['8', '9', 'a', 'b']), "{one}");
    }
}
