//! Disclosure control: against an attacker of the tests' own, and against what other programs have published.

mod amounts;
mod attacker;
mod evidence;
mod intervals;
mod laws;
mod ledger;
mod peers;
mod perturb;
mod policies;
mod routes;
mod scale;
mod speed_case;
