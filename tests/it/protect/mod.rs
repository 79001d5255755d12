//! Disclosure control: against an attacker of the tests' own, and against what other programs have published.

mod amounts;
mod attacker;
mod intervals;
mod laws;
mod peers;
mod perturb;
mod policies;
mod routes;
mod speed_case;
