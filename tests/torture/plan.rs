//! What is drawn, and how long.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

/// Numbers that a seed gives, the same on every machine.
#[derive(Clone)]
pub struct Random {
    seed: Vec<u8>,
    drawn: u64,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Self { seed: seed.to_be_bytes().to_vec(), drawn: 0 }
    }

    /// Numbers for that purpose, whatever others draw meanwhile.
    pub fn of(&self, purpose: &str) -> Self {
        let seed = [&self.seed, purpose.as_bytes()].concat();
        Self { seed: Sha256::digest(seed).to_vec(), drawn: 0 }
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.drawn += 1;
        let digest = Sha256::digest([&self.seed[..], &self.drawn.to_be_bytes()].concat());
        let number = u64::from_be_bytes(digest[..8].try_into().unwrap());
        usize::try_from(number % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    /// So many of them.
    pub fn some<T>(&mut self, mut all: Vec<T>, count: usize) -> Vec<T> {
        let count = count.min(all.len());
        (0..count).map(|_| all.swap_remove(self.below(all.len()))).collect()
    }
}

/// How long, from which seed, and where what was done is kept.
pub struct Budget {
    pub folder: PathBuf,
    seed: u64,
    ends: Instant,
}

impl Budget {
    pub fn of_environment() -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        let time = variable("SSO_TORTURE_TIME").unwrap_or_else(|| "10m".to_owned());
        let time: Duration = sso_tool::time::parse_duration(&time).unwrap();
        Self {
            folder: variable("SSO_TORTURE")
                .map_or_else(|| std::env::temp_dir().join("torture"), PathBuf::from),
            seed: variable("SSO_TORTURE_SEED").map_or(1, |seed| seed.parse().unwrap()),
            ends: Instant::now() + time,
        }
    }

    pub fn is_used_up(&self) -> bool {
        Instant::now() >= self.ends
    }

    /// The seeds of the rounds; each round is all of it once.
    pub fn rounds(&self) -> impl Iterator<Item = u64> + use<> {
        self.seed..
    }
}
