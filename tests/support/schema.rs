//! What the tools print, against `docs/schema`: every document that any test sees is one that its schema describes, and
//! a tool that reads nothing prints no key that the schema lacks.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

/// The annotation of a schema that names the commands whose documents it describes.
pub const COMMANDS: &str = "x-commands";

/// The schema of what any stage of a pipe passes on.
const FAILURE: &str = "error";

/// Commands that read nothing and yet print keys of others: a signal keeps what its writer gave it, and some repeat what a host, a
/// stage or another tool said.
const HANDING_ON: [&str; 9] = [
    "sso-signal read",
    "sso-signal wait",
    "sso-signal notify",
    "sso-signal status",
    "sso-login setup",
    "sso-login key-set",
    "sso-login serve",
    "sso-login tunnel",
    "sso-login inspect",
];

pub struct Registry {
    schemas: Schemas,
    kinds: BTreeMap<String, Kind>,
}

struct Kind {
    schema: Value,
    index: SchemaIndex,
    /// The same without the keys that a document must have: for what is left of one when the keys that it came with are gone.
    loose: SchemaIndex,
    commands: Vec<String>,
}

/// Where the schemas are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schema")
}

/// The schemas of this checkout, compiled once a process.
pub fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(Registry::load)
}

impl Registry {
    fn load() -> Self {
        let mut files = BTreeMap::new();
        for name in super::names(folder()) {
            let text = fs::read_to_string(folder().join(&name)).unwrap();
            let schema: Value = serde_json::from_str(&text).unwrap_or_else(|err| panic!("{name}: {err}"));
            files.insert(name, schema);
        }
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        for (name, schema) in &files {
            let mut loose = schema.clone();
            loose.as_object_mut().unwrap().remove("required");
            compiler.add_resource(&address("schema", name), schema.clone()).unwrap();
            compiler.add_resource(&address("loose", name), loose).unwrap();
        }
        let mut kinds = BTreeMap::new();
        for (name, schema) in &files {
            let mut compile = |folder| {
                let index = compiler.compile(&address(folder, name), &mut schemas);
                index.unwrap_or_else(|err| panic!("docs/schema/{name}: {err:#}"))
            };
            let (index, loose) = (compile("schema"), compile("loose"));
            let commands = schema.get(COMMANDS).and_then(Value::as_array).into_iter().flatten();
            let commands = commands.map(|command| command.as_str().unwrap().to_owned()).collect();
            let kind = name.strip_suffix(".json").unwrap().to_owned();
            kinds.insert(kind, Kind { schema: schema.clone(), index, loose, commands });
        }
        Self { schemas, kinds }
    }

    /// The names of the schemas, each with the commands that print such documents.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.kinds.iter().map(|(name, kind)| (name.as_str(), kind.commands.as_slice()))
    }

    /// The keys that documents of this kind may have.
    pub fn keys(&self, kind: &str) -> Vec<String> {
        self.properties(&self.kinds[kind].schema, kind).into_keys().collect()
    }

    /// Why a document isn't of any of these kinds; nothing if it is of one.
    fn objection(&self, document: &Value, kinds: &[&str], is_whole: bool) -> Option<String> {
        let mut objections = Vec::new();
        for name in kinds {
            let kind = &self.kinds[*name];
            match self.schemas.validate(document, if is_whole { kind.index } else { kind.loose }) {
                Err(error) => objections.push(format!("{name}: {error:#}")),
                Ok(()) if is_whole => match self.unknown(document, &kind.schema, name) {
                    Some(key) => objections.push(format!("{name}: has no key {key}")),
                    None => return None,
                },
                Ok(()) => return None,
            }
        }
        Some(objections.join("\n"))
    }

    /// The first key of a document that its schema doesn't have.
    fn unknown(&self, value: &Value, schema: &Value, file: &str) -> Option<String> {
        let (schema, file) = self.resolved(schema, file);
        if let (Value::Array(items), Some(each)) = (value, schema.get("items")) {
            return items.iter().find_map(|item| self.unknown(item, each, file));
        }
        let properties = self.properties(schema, file);
        if properties.is_empty() {
            return None;
        }
        value.as_object()?.iter().find_map(|(key, value)| match properties.get(key) {
            None => Some(key.clone()),
            Some((schema, file)) => self.unknown(value, schema, file).map(|inner| format!("{key}.{inner}")),
        })
    }

    /// The keys of an object's schema, also those of the schemas that it is made of, each with its own schema and the file
    /// of that.
    fn properties<'a>(&'a self, schema: &'a Value, file: &'a str) -> BTreeMap<String, (&'a Value, &'a str)> {
        let (schema, file) = self.resolved(schema, file);
        let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        let mut all: BTreeMap<_, _> = parts.flat_map(|part| self.properties(part, file)).collect();
        let own = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        all.extend(own.map(|(key, schema)| (key.clone(), (schema, file))));
        all
    }

    fn resolved<'a>(&'a self, schema: &'a Value, file: &'a str) -> (&'a Value, &'a str) {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return (schema, file) };
        let (name, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let file = name.strip_suffix(".json").unwrap_or(file);
        let (file, kind) = self.kinds.get_key_value(file).unwrap();
        (kind.schema.pointer(pointer).unwrap(), file)
    }
}

fn address(folder: &str, name: &str) -> String {
    format!("file:///docs/{folder}/{name}")
}

/// Checks the documents that a command line printed, if it printed documents. Those of a tool that reads nothing are of a kind
/// that it prints, and have no key that isn't described; in a pipe any known key has the type that a schema says.
#[track_caller]
pub fn check(line: &str, input: Option<&str>, stdout: &str) {
    if !stdout.starts_with('{') {
        return;
    }
    let documents = serde_json::Deserializer::from_str(stdout).into_iter::<Value>();
    let Ok(documents) = documents.collect::<Result<Vec<_>, _>>() else { return };
    let registry = registry();
    let commands = commands(line, registry);
    let hands_on = commands.iter().any(|command| HANDING_ON.contains(&command.as_str()));
    let is_whole = input == Some("") && commands.len() == 1 && !hands_on && !line.contains("\"-c\"");
    let is_asked = |name: &str, of: &[String]| {
        let is_own = of.iter().any(|command| commands.contains(command));
        if is_whole { is_own || name == FAILURE } else { !of.is_empty() || name == FAILURE }
    };
    let kinds: Vec<&str> =
        registry.kinds().filter(|(name, of)| is_asked(name, of)).map(|(name, _)| name).collect();
    let given: Vec<Value> = serde_json::Deserializer::from_str(input.unwrap_or_default())
        .into_iter::<Value>()
        .map_while(Result::ok)
        .collect();
    for mut document in documents.into_iter().filter(Value::is_object) {
        // What a filter was given is passed on as it was.
        if let Some(keys) = document.as_object_mut() {
            keys.retain(|key, value| !given.iter().any(|given| given.get(key) == Some(value)));
        }
        if let Some(objection) = registry.objection(&document, &kinds, is_whole) {
            panic!("{line}\nprints what docs/schema doesn't describe: {document}\n{objection}");
        }
    }
}

/// The commands of the tools in a command line: `sso-cache check`; a tool alone is its main command.
fn commands(line: &str, registry: &Registry) -> Vec<String> {
    let known: Vec<&String> = registry.kinds().flat_map(|(_, commands)| commands).collect();
    let is_between = |c: char| c.is_whitespace() || "\"'|;&(){}<>`$=".contains(c);
    let words: Vec<&str> = line.split(is_between).filter(|word| !word.is_empty()).collect();
    let mut commands = Vec::new();
    for (n, word) in words.iter().enumerate() {
        let tool = word.rsplit('/').next().unwrap();
        if !["sso-signal", "sso-lock", "sso-cache", "sso-profile", "sso-login"].contains(&tool) {
            continue;
        }
        let mut command = tool.to_owned();
        for word in words[n + 1..].iter().filter(|word| !word.starts_with('-')).take(2) {
            let longer = format!("{command} {word}");
            if !known.iter().any(|known| **known == longer || known.starts_with(&format!("{longer} "))) {
                break;
            }
            command = longer;
        }
        commands.push(command);
    }
    commands
}
