//! Keys as small numbers: every distinct text or number gets a place in order of arrival, and later a rank.
//!
//! A text of up to twelve bytes, as nearly all codes are, is looked up by its bytes as one integer; longer ones by
//! text. Dictionaries are looked up once a value.

use std::{collections::HashMap, mem::size_of, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, StringArray, StringViewArray},
    datatypes::{DataType, Float64Type},
};
use datafusion::common::{Result, hash_utils::RandomState};

use crate::error::Error;

/// Place of nothing.
const NONE: u32 = u32::MAX;
/// From how many texts of a state in order their places are found by walking.
const WALK: usize = 4096;

/// Distinct keys of one argument.
#[derive(Debug)]
pub(super) enum Keys {
    /// Texts.
    Texts(Texts),
    /// Finite numbers.
    Numbers(Numbers),
}

/// Distinct texts.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// Texts of at most twelve bytes, as in Arrow's string views.
    short: HashMap<u128, u32, RandomState>,
    long: HashMap<Box<str>, u32, RandomState>,
    bytes: String,
    ends: Vec<usize>,
    /// How many places can be looked up in the maps; those of states join them when somebody asks.
    indexed: usize,
    /// Places of the values of the last dictionary.
    dictionary: Option<(ArrayRef, Vec<u32>)>,
    /// Rank of each place; stale when shorter than there are places.
    ranks: Vec<u32>,
}

/// Distinct numbers.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    places: HashMap<u64, u32, RandomState>,
    values: Vec<f64>,
    ranks: Vec<u32>,
}

fn place(of: usize) -> Result<u32> {
    match u32::try_from(of) {
        Ok(place) if place < NONE => Ok(place),
        _ => Err(Error::exhausted(6010, "more than 4 billion distinct keys in one aggregate").into()),
    }
}

/// Returns a text of at most twelve bytes as a string view has it: the length in the lowest four bytes, then the bytes.
#[inline]
fn short(text: &[u8]) -> u128 {
    let mut view = [0; 16];
    view[0] = text.len().to_le_bytes()[0];
    view[4..4 + text.len()].copy_from_slice(text);
    u128::from_le_bytes(view)
}

impl Texts {
    /// Returns the text of a place.
    pub(super) fn get(&self, at: u32) -> &str {
        let at = at as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[start..self.ends[at]]
    }

    /// Makes every text one that can be looked up.
    fn index(&mut self) -> Result<()> {
        self.short.reserve(self.ends.len() - self.indexed);
        for at in self.indexed..self.ends.len() {
            let at = place(at)?;
            let text = self.get(at);
            if text.len() <= 12 {
                let view = short(text.as_bytes());
                self.short.insert(view, at);
            } else {
                let text = Box::from(text);
                self.long.insert(text, at);
            }
        }
        self.indexed = self.ends.len();
        Ok(())
    }

    /// Adds a text that is not there, without making it one that can be looked up.
    fn push(&mut self, text: &str) -> Result<u32> {
        let place = place(self.ends.len())?;
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        Ok(place)
    }

    #[inline]
    fn short(&mut self, view: u128) -> Result<u32> {
        if self.indexed < self.ends.len() {
            self.index()?;
        }
        if let Some(place) = self.short.get(&view) {
            return Ok(*place);
        }
        let bytes = view.to_le_bytes();
        let length = usize::from(bytes[0]);
        let text = std::str::from_utf8(&bytes[4..4 + length])
            .map_err(|error| Error::bug(9602, "a key is not UTF-8").with_source(error))?;
        let place = place(self.ends.len())?;
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        self.short.insert(view, place);
        self.indexed = self.ends.len();
        Ok(place)
    }

    fn place(&mut self, text: &str) -> Result<u32> {
        if text.len() <= 12 {
            return self.short(short(text.as_bytes()));
        }
        if self.indexed < self.ends.len() {
            self.index()?;
        }
        if let Some(place) = self.long.get(text) {
            return Ok(*place);
        }
        let place = self.push(text)?;
        self.long.insert(text.into(), place);
        self.indexed = self.ends.len();
        Ok(place)
    }

    /// Returns the places of texts, each of which is there once; when all are in order, as those of a large state are,
    /// by walking along both instead of looking up.
    fn many(&mut self, texts: &[&str], into: &mut Vec<u32>) -> Result<()> {
        let ranked = self.ranks.len() == self.ends.len();
        if texts.len() < WALK || !ranked || !texts.is_sorted_by(|left, right| left < right) {
            for text in texts {
                into.push(self.place(text)?);
            }
            return Ok(());
        }
        let mut order = vec![0_u32; self.ranks.len()];
        for (at, rank) in self.ranks.iter().enumerate() {
            order[*rank as usize] = place(at)?;
        }
        let mut there = order.into_iter().peekable();
        let mut ranks = vec![0; self.ranks.len() + texts.len()];
        let mut rank = 0;
        for text in texts {
            while let Some(at) = there.next_if(|at| self.get(*at) < *text) {
                ranks[at as usize] = rank;
                rank += 1;
            }
            let at = match there.next_if(|at| self.get(*at) == *text) {
                Some(at) => at,
                None => self.push(text)?,
            };
            ranks[at as usize] = rank;
            rank += 1;
            into.push(at);
        }
        for at in there {
            ranks[at as usize] = rank;
            rank += 1;
        }
        ranks.truncate(self.ends.len());
        self.ranks = ranks;
        Ok(())
    }

    fn plain(&mut self, array: &StringArray, into: &mut Vec<u32>) -> Result<()> {
        let mut last = ("", NONE);
        for at in 0..array.len() {
            let text = array.value(at);
            if last.1 == NONE || last.0 != text {
                last = (text, self.place(text)?);
            }
            into.push(last.1);
        }
        Ok(())
    }

    fn view(&mut self, array: &StringViewArray, into: &mut Vec<u32>) -> Result<()> {
        let mut last = (0, NONE);
        for (at, view) in array.views().iter().enumerate() {
            // the length is in the lowest four bytes
            if *view & 0xffff_ffff > 12 {
                let place = self.place(array.value(at))?;
                into.push(place);
                continue;
            }
            if last.1 == NONE || last.0 != *view {
                last = (*view, self.short(*view)?);
            }
            into.push(last.1);
        }
        Ok(())
    }

    fn any(&mut self, array: &ArrayRef, into: &mut Vec<u32>) -> Result<()> {
        match array.data_type() {
            DataType::Utf8View => self.view(array.as_string_view(), into),
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                let values = dictionary.values();
                let mut known = match self.dictionary.take() {
                    Some((last, known)) if Arc::ptr_eq(&last, values) => known,
                    _ => vec![NONE; values.len()],
                };
                let texts = arrow::compute::cast(values, &DataType::Utf8View)?;
                let texts = texts.as_string_view();
                for key in dictionary.normalized_keys() {
                    if known[key] == NONE {
                        known[key] = self.place(texts.value(key))?;
                    }
                    into.push(known[key]);
                }
                self.dictionary = Some((Arc::clone(values), known));
                Ok(())
            }
            _ => self.plain(array.as_string(), into),
        }
    }

    fn rank(&mut self) -> Result<()> {
        if self.ranks.len() == self.ends.len() {
            return Ok(());
        }
        // the first sixteen bytes decide nearly always
        let mut order = (0..self.ends.len())
            .map(|at| {
                let at = place(at)?;
                let text = self.get(at).as_bytes();
                let mut head = [0; 16];
                let length = text.len().min(16);
                head[..length].copy_from_slice(&text[..length]);
                Ok((u128::from_be_bytes(head), at))
            })
            .collect::<Result<Vec<_>>>()?;
        order.sort_unstable_by(|left, right| {
            left.0
                .cmp(&right.0)
                .then_with(|| self.get(left.1).cmp(self.get(right.1)))
        });
        self.ranks = ranks(order.into_iter().map(|(_, at)| at))?;
        Ok(())
    }
}

impl Numbers {
    fn place(&mut self, value: f64) -> Result<u32> {
        // −0 is 0
        let value = value + 0.0;
        if let Some(place) = self.places.get(&value.to_bits()) {
            return Ok(*place);
        }
        let place = place(self.values.len())?;
        self.values.push(value);
        self.places.insert(value.to_bits(), place);
        Ok(place)
    }

    fn rank(&mut self) -> Result<()> {
        if self.ranks.len() == self.values.len() {
            return Ok(());
        }
        let mut order = (0..self.values.len()).map(place).collect::<Result<Vec<_>>>()?;
        order.sort_unstable_by(|left, right| self.values[*left as usize].total_cmp(&self.values[*right as usize]));
        self.ranks = ranks(order.into_iter())?;
        Ok(())
    }
}

fn ranks(order: impl ExactSizeIterator<Item = u32>) -> Result<Vec<u32>> {
    let mut ranks = vec![0; order.len()];
    for (rank, at) in order.enumerate() {
        ranks[at as usize] = place(rank)?;
    }
    Ok(ranks)
}

impl Keys {
    /// Keys of an argument that is text, or else a number.
    pub(super) fn new(text: bool) -> Self {
        if text {
            Self::Texts(Texts::default())
        } else {
            Self::Numbers(Numbers::default())
        }
    }

    /// Returns how many distinct keys there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.ends.len(),
            Self::Numbers(numbers) => numbers.values.len(),
        }
    }

    /// Returns the memory it takes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Texts(texts) => {
                texts.bytes.capacity() * 2
                    + (texts.ends.capacity() * size_of::<usize>())
                    + texts.short.capacity() * (size_of::<(u128, u32)>() + 1)
                    + texts.long.capacity() * (size_of::<(Box<str>, u32)>() + 1)
                    + texts.ranks.capacity() * size_of::<u32>()
            }
            Self::Numbers(numbers) => {
                numbers.values.capacity() * size_of::<f64>()
                    + numbers.places.capacity() * (size_of::<(u64, u32)>() + 1)
                    + numbers.ranks.capacity() * size_of::<u32>()
            }
        }
    }

    /// Appends the place of every row, none of which is NULL; `None` where a number is not finite.
    pub(super) fn places(&mut self, array: &ArrayRef, into: &mut Vec<u32>) -> Result<Option<()>> {
        match self {
            Self::Texts(texts) => texts.any(array, into)?,
            Self::Numbers(numbers) => {
                for value in array.as_primitive::<Float64Type>().values() {
                    if !value.is_finite() {
                        return Ok(None);
                    }
                    into.push(numbers.place(*value)?);
                }
            }
        }
        Ok(Some(()))
    }

    /// Brings the ranks up to date: texts in the order of their bytes, numbers of their size.
    pub(super) fn rank(&mut self) -> Result<()> {
        match self {
            Self::Texts(texts) => texts.rank(),
            Self::Numbers(numbers) => numbers.rank(),
        }
    }

    /// Returns the rank of every place, as last brought up to date.
    pub(super) fn ranks(&self) -> &[u32] {
        match self {
            Self::Texts(texts) => &texts.ranks,
            Self::Numbers(numbers) => &numbers.ranks,
        }
    }

    /// Returns the text of a place, nothing for numbers.
    pub(super) fn text(&self, at: u32) -> &str {
        match self {
            Self::Texts(texts) => texts.get(at),
            Self::Numbers(_) => "",
        }
    }

    /// Returns the number of a place, NaN for texts.
    pub(super) fn number(&self, at: u32) -> f64 {
        match self {
            Self::Texts(_) => f64::NAN,
            Self::Numbers(numbers) => numbers.values[at as usize],
        }
    }

    /// Writes the key of a place.
    pub(super) fn write(&self, at: u32, into: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Texts(texts) => {
                let text = texts.get(at);
                into.extend_from_slice(&place(text.len())?.to_le_bytes());
                into.extend_from_slice(text.as_bytes());
            }
            Self::Numbers(numbers) => into.extend_from_slice(&numbers.values[at as usize].to_le_bytes()),
        }
        Ok(())
    }

    /// Reads keys, each of which is there once, and appends their places.
    pub(super) fn read(&mut self, count: usize, from: &mut &[u8], into: &mut Vec<u32>) -> Result<()> {
        match self {
            Self::Texts(of) => {
                // a key takes four bytes at least: a broken count makes no memory
                let mut texts = Vec::with_capacity(count.min(from.len() / 4));
                for _ in 0..count {
                    let length = u32::from_le_bytes(take(from)?) as usize;
                    let (text, rest) = from.split_at_checked(length).ok_or_else(broken)?;
                    *from = rest;
                    texts.push(std::str::from_utf8(text).map_err(|_| broken())?);
                }
                of.many(&texts, into)?;
            }
            Self::Numbers(numbers) => {
                for _ in 0..count {
                    into.push(numbers.place(f64::from_le_bytes(take(from)?))?);
                }
            }
        }
        Ok(())
    }
}

/// Takes the first bytes off.
pub(super) fn take<const N: usize>(from: &mut &[u8]) -> Result<[u8; N]> {
    let (first, rest) = from.split_first_chunk::<N>().ok_or_else(broken)?;
    *from = rest;
    Ok(*first)
}

/// The error of a state that cannot be read.
pub(super) fn broken() -> Error {
    Error::bug(9603, "the state of an aggregate is broken").hint("do all processes of the cluster run one version?")
}
