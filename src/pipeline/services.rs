//! Models elsewhere, as the engine lends them to stages: clients with keys from the environment, and vectors that are kept.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use crate::{
    http::{Auth, Backoff, Client, HttpError, Key, Rate, Settings, SystemClock},
    operator::{ChatService, EmbeddingService, Question, Services, StageError},
    remote::{Chat, ChatModel, EmbeddingCache, EmbeddingModel, RemoteError, chat, embed},
};

/// The environment variable of the key.
const KEY: &str = "OPENAI_API_KEY";
/// No wait between tries is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The services of a run.
pub struct RunServices {
    /// The database of kept vectors.
    cache: PathBuf,
    /// One stage at a time writes it.
    writing: Mutex<()>,
    cancelled: Arc<AtomicBool>,
    seed: u64,
}

impl RunServices {
    /// Services that keep vectors in a workspace's state folder, and stop when the run is asked to.
    pub fn new(state_folder: &Path, cancelled: Arc<AtomicBool>, seed: u64) -> Self {
        Self { cache: state_folder.join("embedding_cache.db"), writing: Mutex::default(), cancelled, seed }
    }

    fn client(&self, base_url: &str, patience: &Patience) -> Result<Client, StageError> {
        let auth = match std::env::var(KEY).ok().filter(|key| !key.is_empty()) {
            Some(key) => Auth::Bearer(Key::new(&key).map_err(|error| refused(&format!("{KEY}: {error}")))?),
            // A service of this machine may ask for none.
            None if base_url.starts_with("http://") => Auth::None,
            None => return Err(refused(&format!("{base_url}: no key; set the environment variable {KEY}"))),
        };
        let mut settings = Settings::new(base_url, auth);
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT);
        settings.timeout = seconds(patience.timeout_seconds);
        let first = seconds(patience.retry_seconds);
        settings.backoff = Backoff { retries: patience.retries, first, longest: LONGEST_WAIT, seed: self.seed };
        let per_minute = patience.requests_per_minute.max(1);
        settings.rate = Some(Rate { per_minute, burst: patience.parallel.max(1) });
        Client::new(settings, Arc::new(SystemClock::default()), self.cancelled.clone()).map_err(http)
    }
}

/// How patiently a service is asked.
struct Patience {
    timeout_seconds: f64,
    retry_seconds: f64,
    retries: u32,
    requests_per_minute: u32,
    parallel: u32,
}

fn refused(problem: &str) -> StageError {
    StageError::Service { problem: problem.to_owned() }
}

fn http(error: HttpError) -> StageError {
    match error {
        HttpError::Stopped => StageError::Interrupted,
        error @ HttpError::Auth { .. } => refused(&format!("{error}; look at {KEY}")),
        error => refused(&error.to_string()),
    }
}

fn remote(error: RemoteError) -> StageError {
    match error {
        RemoteError::Http(error) => http(error),
        error @ RemoteError::Dimensions { .. } => {
            refused(&format!("{error}; set dimensions to what the model makes, or name another model"))
        }
        error => refused(&error.to_string()),
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl Services for RunServices {
    fn embed(&self, service: &EmbeddingService, texts: &[&str]) -> Result<Vec<Vec<f32>>, StageError> {
        let client = self.client(
            &service.base_url,
            &Patience {
                timeout_seconds: service.timeout_seconds,
                retry_seconds: service.retry_seconds,
                retries: service.retries,
                requests_per_minute: service.requests_per_minute,
                parallel: u32::try_from(service.parallel).unwrap_or(u32::MAX),
            },
        )?;
        let model = EmbeddingModel {
            model: service.model.clone(),
            dimensions: Some(service.dimensions),
            asks_dimensions: service.ask_dimensions,
            batch: service.batch,
            parallel: service.parallel,
        };
        if service.cache_hours == 0.0 {
            return embed(&client, &model, None, texts).map(|embedded| embedded.vectors).map_err(remote);
        }
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let ttl = Duration::try_from_secs_f64(service.cache_hours * 3_600.0).unwrap_or(Duration::MAX);
        let mut cache = EmbeddingCache::open(&self.cache, ttl).map_err(remote)?;
        embed(&client, &model, Some((&mut cache, now())), texts).map(|embedded| embedded.vectors).map_err(remote)
    }

    fn ask(&self, service: &ChatService, questions: &[Question]) -> Result<Vec<Result<Value, String>>, StageError> {
        let client = self.client(
            &service.base_url,
            &Patience {
                timeout_seconds: service.timeout_seconds,
                retry_seconds: service.retry_seconds,
                retries: service.retries,
                requests_per_minute: service.requests_per_minute,
                parallel: u32::try_from(service.parallel).unwrap_or(u32::MAX),
            },
        )?;
        let model = ChatModel {
            model: service.model.clone(),
            temperature: service.temperature,
            most_tokens: service.max_tokens,
            parallel: service.parallel,
        };
        let asked: Vec<Chat> = questions
            .iter()
            .map(|question| Chat { system: question.system.clone(), user: question.user.clone() })
            .collect();
        let answers = chat(&client, &model, &asked).into_iter().map(|answer| match answer {
            Err(RemoteError::Http(HttpError::Stopped)) => Err(StageError::Interrupted),
            answer => Ok(answer.map_err(|error| error.to_string())),
        });
        answers.collect()
    }
}
