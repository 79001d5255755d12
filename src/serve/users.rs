//! Who may log in: the user file, password hashes and bearer tokens, and the sessions that a login opens.
//!
//! The file holds hashes only. A login returns a random token of 256 bits; the server remembers its SHA-256, so a core
//! dump or a log tells no token. What can go wrong: comparing secrets byte by byte tells their beginning by time, so
//! comparisons take the same time whatever differs, and an unknown name costs one password hash too.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};
use rand::{TryRngCore, rngs::OsRng};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::brake::Brake;
use crate::{
    error::{Error, Result},
    policy::{Identity, Role},
};

/// Most sessions at once; the one unused for the longest gives way.
const MOST_SESSIONS: usize = 10_000;
/// Most password checks at once: each takes 19 MiB and tens of milliseconds.
const MOST_CHECKS: usize = 4;

/// Base64 as drivers write it in `Basic`: the one in Go leaves the padding out.
const BASIC: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    users: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(default)]
    password_hash: Option<String>,
    #[serde(default)]
    token_sha256: Option<String>,
    role: Role,
}

#[derive(Debug, Clone)]
struct User {
    identity: Identity,
    password_hash: Option<String>,
    token_sha256: Option<[u8; 32]>,
}

/// The users of a server, read once at start.
///
/// ```yaml
/// users:
///   - name: anna
///     password_hash: $argon2id$v=19$…   # from `samsyn serve --hash-password`
///     role: reader                      # reader | engineer
///   - name: report
///     token_sha256: 9f86d0…             # SHA-256 of a bearer token, in hexadecimal
///     role: reader
/// ```
#[derive(Debug, Clone)]
pub struct Users(Vec<User>);

impl Users {
    /// Reads a user file.
    ///
    /// # Errors
    /// When the file cannot be read, has unknown keys, a name twice, no way to log in for a user, or a hash that is none.
    pub fn load(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|cause| {
            Error::unavailable(7003, format!("the user file `{shown}` cannot be read"))
                .with_source(cause)
                .hint("give the path of a YAML file with `users:`")
        })?;
        Self::parse(&text).map_err(|error| error.context(format!("reading the user file `{shown}`")))
    }

    /// Reads the text of a user file; see [`Users::load`].
    pub fn parse(text: &str) -> Result<Self> {
        let file: File = serde_saphyr::from_str(text).map_err(|_| {
            // the cause quotes lines, which hold hashes
            Error::invalid(7004, "the user file does not have the expected form").hint(
                "`users:` is a list; each has `name`, `role` (reader or engineer), and `password_hash` or `token_sha256`",
            )
        })?;
        if file.users.is_empty() {
            return Err(Error::invalid(7004, "the user file names nobody").hint("add a user, or leave the file out"));
        }
        let mut users: Vec<User> = Vec::with_capacity(file.users.len());
        for entry in file.users {
            let wrong = |what: &str| Error::invalid(7004, format!("user `{}` {what}", entry.name));
            if entry.name.is_empty() || entry.name.contains(':') {
                return Err(wrong("has no usable name").hint("a name is not empty and holds no `:`"));
            }
            if users.iter().any(|user| user.identity.name == entry.name) {
                return Err(wrong("stands there twice"));
            }
            if entry.password_hash.is_none() && entry.token_sha256.is_none() {
                return Err(wrong("has neither `password_hash` nor `token_sha256`"));
            }
            if let Some(hash) = &entry.password_hash {
                let argon = PasswordHash::new(hash).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id");
                if !argon {
                    return Err(wrong("has a `password_hash` that is none")
                        .hint("make one with `samsyn serve --hash-password`; it begins with `$argon2id$`"));
                }
            }
            let token_sha256 =
                match &entry.token_sha256 {
                    None => None,
                    Some(text) => Some(from_hex(text).ok_or_else(|| {
                        wrong("has a `token_sha256` that is none").hint("write 64 hexadecimal digits")
                    })?),
                };
            users.push(User {
                identity: Identity {
                    name: entry.name,
                    role: entry.role,
                },
                password_hash: entry.password_hash,
                token_sha256,
            });
        }
        Ok(Self(users))
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Returns `count` random bytes from the operating system.
pub(crate) fn random<const COUNT: usize>() -> Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|cause| Error::unavailable(7005, "the system gives no random numbers").with_source(cause))?;
    Ok(bytes)
}

/// Returns the Argon2id hash of `password` for a user file.
///
/// # Errors
/// When the password is empty, or the system gives no random numbers.
pub fn hash_password(password: &str) -> Result<String> {
    if password.is_empty() {
        return Err(Error::usage(7006, "the password is empty").hint("give it on standard input"));
    }
    let salt = SaltString::encode_b64(&random::<16>()?)
        .map_err(|cause| Error::bug(9072, format!("a salt could not be written: {cause}")))?;
    let hash = Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .map_err(|cause| Error::invalid(7006, format!("the password cannot be hashed: {cause}")))?;
    Ok(hash.to_string())
}

/// Somebody who sent a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who it is.
    pub(crate) identity: Identity,
    /// What their statements belong to: the SHA-256 of their token, or zeros on an open server.
    pub(crate) session: [u8; 32],
    /// Whether the session was opened by a login, so that it is this client's alone.
    pub(crate) logged_in: bool,
}

impl Caller {
    fn anonymous() -> Self {
        Self {
            identity: Identity::anonymous(),
            session: [0; 32],
            logged_in: false,
        }
    }
}

#[derive(Debug)]
struct Session {
    identity: Identity,
    used: Instant,
}

/// Checks logins and tokens.
#[derive(Debug)]
pub(crate) struct Gate {
    /// `None` on an open server: everybody is the anonymous reader.
    users: Option<Users>,
    /// A hash that no password has, checked for unknown names.
    decoy: String,
    idle: Duration,
    sessions: Mutex<BTreeMap<[u8; 32], Session>>,
    checks: Arc<tokio::sync::Semaphore>,
    brake: Brake,
}

impl Gate {
    /// A gate for `users`; a session ends when unused for `idle`.
    pub(crate) fn new(users: Option<Users>, idle: Duration) -> Result<Self> {
        let decoy = match &users {
            Some(_) => hash_password(&URL_SAFE_NO_PAD.encode(random::<32>()?))?,
            None => String::new(),
        };
        Ok(Self {
            users,
            decoy,
            idle,
            sessions: Mutex::default(),
            checks: Arc::new(tokio::sync::Semaphore::new(MOST_CHECKS)),
            brake: Brake::default(),
        })
    }

    /// Whether anybody may ask without logging in.
    pub(crate) fn open(&self) -> bool {
        self.users.is_none()
    }

    /// Who sends a request with this `authorization` header.
    pub(crate) fn caller(&self, authorization: Option<&str>) -> Result<Caller> {
        let Some(users) = &self.users else {
            return Ok(Caller::anonymous());
        };
        let Some(token) = authorization.and_then(|header| scheme(header, "bearer")) else {
            return Err(denied("log in first"));
        };
        let session: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = sessions.get_mut(&session) {
                if found.used.elapsed() <= self.idle {
                    found.used = Instant::now();
                    return Ok(Caller {
                        identity: found.identity.clone(),
                        session,
                        logged_in: true,
                    });
                }
                sessions.remove(&session);
            }
        }
        // every user is compared, whoever it is
        let mut found = None;
        for user in &users.0 {
            if user.token_sha256.is_some_and(|hash| bool::from(hash.ct_eq(&session))) {
                found = Some(user.identity.clone());
            }
        }
        match found {
            Some(identity) => Ok(Caller {
                identity,
                session,
                logged_in: false,
            }),
            None => Err(denied("the token is wrong or has expired")),
        }
    }

    /// Logs in with the `authorization` header of a handshake from `peer`; returns the token to use from now on.
    pub(crate) async fn log_in(&self, authorization: Option<&str>, peer: Option<IpAddr>) -> Result<String> {
        let Some(header) = authorization else {
            return match &self.users {
                None => self.open_session(Identity::anonymous()),
                Some(_) => Err(denied("a user name and a password are needed")),
            };
        };
        if let Some(token) = scheme(header, "bearer") {
            self.caller(authorization)?;
            return Ok(token.to_owned());
        }
        let Some(users) = &self.users else {
            return self.open_session(Identity::anonymous());
        };
        let wrong = || denied("the user name or the password is wrong");
        let pair = scheme(header, "basic")
            .and_then(|text| BASIC.decode(text.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(wrong)?;
        let (name, password) = pair.split_once(':').ok_or_else(wrong)?;
        let tries = self.brake.of(name, peer);
        let mut tries = tries.lock().await;
        if let Some(wait) = tries.wait() {
            return Err(denied(&format!(
                "too many wrong logins of this name; the next is possible in {} s",
                wait.as_secs() + 1
            )));
        }
        let user = users.0.iter().find(|user| user.identity.name == name);
        let hash = user
            .and_then(|user| user.password_hash.clone())
            .unwrap_or_else(|| self.decoy.clone());
        let password = password.to_owned();
        let permit = Arc::clone(&self.checks)
            .acquire_owned()
            .await
            .map_err(|_| Error::cancelled(7007, "the server is stopping"))?;
        let right = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await
        .unwrap_or(false);
        tries.count(right && user.is_some());
        match user {
            Some(user) if right => {
                tracing::info!(user = %user.identity.name, "logged in");
                self.open_session(user.identity.clone())
            }
            _ => {
                tracing::warn!("a login was refused");
                Err(wrong())
            }
        }
    }

    /// Forgets a session; the token is worth nothing from now on.
    pub(crate) fn log_out(&self, caller: &Caller) {
        self.sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&caller.session);
    }

    fn open_session(&self, identity: Identity) -> Result<String> {
        let token = URL_SAFE_NO_PAD.encode(random::<32>()?);
        if self.open() {
            // nothing to remember: everybody is the same reader
            return Ok(token);
        }
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MOST_SESSIONS {
            sessions.retain(|_, session| session.used.elapsed() <= self.idle);
        }
        if sessions.len() >= MOST_SESSIONS
            && let Some(oldest) = sessions
                .iter()
                .min_by_key(|(_, session)| session.used)
                .map(|(key, _)| *key)
        {
            sessions.remove(&oldest);
        }
        let session = Session {
            identity,
            used: Instant::now(),
        };
        sessions.insert(Sha256::digest(token.as_bytes()).into(), session);
        Ok(token)
    }
}

/// The rest of an `authorization` header when it has this scheme; schemes have no case.
fn scheme<'a>(header: &'a str, wanted: &str) -> Option<&'a str> {
    let (found, rest) = header.split_once(' ')?;
    found.eq_ignore_ascii_case(wanted).then_some(rest)
}

fn denied(why: &str) -> Error {
    Error::unauthenticated(7008, why).hint("connect with a user name and a password, or with a bearer token")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        let token: String = Sha256::digest(b"robot").iter().map(|b| format!("{b:02x}")).collect();
        let text = format!(
            "users:\n  - name: anna\n    password_hash: {}\n    role: reader\n  - name: robot\n    token_sha256: {token}\n    role: engineer\n",
            hash_password("lösen:ord").unwrap()
        );
        Gate::new(Some(Users::parse(&text).unwrap()), Duration::from_secs(60)).unwrap()
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }

    #[tokio::test]
    async fn a_login_gives_a_token_and_a_logout_takes_it_back() {
        let gate = gate();
        let token = gate.log_in(Some(&basic("anna:lösen:ord")), None).await.unwrap();
        let header = format!("Bearer {token}");
        let caller = gate.caller(Some(&header)).unwrap();
        assert_eq!(
            (caller.identity.name.as_str(), caller.identity.role),
            ("anna", Role::Reader)
        );
        assert_eq!(gate.log_in(Some(&header), None).await.unwrap(), token);
        let unpadded = basic("anna:lösen:ord");
        gate.log_in(Some(unpadded.trim_end_matches('=')), None).await.unwrap();
        gate.log_out(&caller);
        assert_eq!(gate.caller(Some(&header)).unwrap_err().code(), 7008);
    }

    #[tokio::test]
    async fn whoever_is_wrong_is_told_the_same() {
        let gate = gate();
        for wrong in ["anna:lösenord", "bo:x", "robot:robot", "anna"] {
            let error = gate.log_in(Some(&basic(wrong)), None).await.unwrap_err();
            assert_eq!(error.message(), "the user name or the password is wrong", "{wrong}");
        }
        for header in [None, Some("Bearer None"), Some("Bearer x"), Some("x")] {
            assert_eq!(gate.caller(header).unwrap_err().code(), 7008);
        }
        assert_eq!(gate.caller(Some("bearer robot")).unwrap().identity.name, "robot");
    }

    #[tokio::test]
    async fn whoever_guesses_has_to_wait_and_others_do_not() {
        let gate = gate();
        let (here, there) = (Some(IpAddr::from([127, 0, 0, 1])), Some(IpAddr::from([127, 0, 0, 2])));
        let wrong = basic("anna:fel");
        // together, as a guesser would send them
        let guesses = (0..12).map(|_| gate.log_in(Some(&wrong), here));
        let errors = futures::future::join_all(guesses).await;
        let told: Vec<_> = errors
            .iter()
            .map(|error| error.as_ref().unwrap_err().message())
            .collect();
        assert!(
            told.iter().filter(|text| text.contains("too many")).count() >= 5,
            "{told:?}"
        );
        assert!(gate.log_in(Some(&basic("anna:lösen:ord")), here).await.is_err());
        gate.log_in(Some(&basic("anna:lösen:ord")), there).await.unwrap();
        // many at once with the right password are all let in
        let right = basic("anna:lösen:ord");
        let logins = (0..12).map(|_| gate.log_in(Some(&right), there));
        assert!(futures::future::join_all(logins).await.iter().all(Result::is_ok));
    }

    #[tokio::test]
    async fn an_open_server_knows_only_the_anonymous_reader() {
        let gate = Gate::new(None, Duration::from_secs(60)).unwrap();
        gate.log_in(Some(&basic("whoever:x")), None).await.unwrap();
        for header in [None, Some("Bearer None"), Some("Bearer x")] {
            assert_eq!(gate.caller(header).unwrap().identity, Identity::anonymous());
        }
    }

    #[test]
    fn sessions_end_when_unused() {
        let mut gate = gate();
        gate.idle = Duration::ZERO;
        let token = gate.open_session(Identity::anonymous()).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        assert!(gate.caller(Some(&format!("Bearer {token}"))).is_err());
    }

    #[test]
    fn a_user_file_is_strict_and_says_what_is_wrong() {
        let hash = hash_password("x").unwrap();
        for (text, part) in [
            ("users: []".to_owned(), "nobody"),
            ("users:\n  - {name: a, role: reader}".into(), "neither"),
            (
                "users:\n  - {name: a, role: reader, password_hash: hemligt}".into(),
                "is none",
            ),
            (
                "users:\n  - {name: a, role: reader, token_sha256: abc}".into(),
                "is none",
            ),
            (
                format!("users:\n  - {{name: a, role: king, password_hash: '{hash}'}}"),
                "expected form",
            ),
            (
                format!("users:\n  - {{name: a, role: reader, pasword_hash: '{hash}'}}"),
                "expected form",
            ),
            (
                format!("users:\n  - &a {{name: a, role: reader, password_hash: '{hash}'}}\n  - *a"),
                "twice",
            ),
        ] {
            let error = Users::parse(&text).unwrap_err();
            assert!(error.message().contains(part), "{error}");
            assert!(!format!("{error:?}").contains("hemligt"));
        }
    }
}
