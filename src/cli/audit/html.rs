//! The report as a page for people: Swedish or English, one file, no script, nothing fetched from anywhere.

use std::fmt::{Display, Write as _};

use super::{
    Language,
    report::{Attack, PopulationReport, Report},
};
use crate::protect::{
    Entity, Zeros,
    evidence::{Finding, LevelEvidence, Widths, Wrong},
};

/// A page under construction.
struct Page {
    text: String,
    language: Language,
}

impl Page {
    /// The words of the page's language.
    fn say(&self, swedish: &'static str, english: &'static str) -> &'static str {
        pick(self.language, swedish, english)
    }

    fn raw(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn heading(&mut self, level: u8, swedish: &'static str, english: &'static str) {
        let words = escape(self.say(swedish, english));
        let _ = writeln!(self.text, "<h{level}>{words}</h{level}>");
    }

    fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.text, "<p>{}</p>", escape(text));
    }

    fn words(&mut self, swedish: &'static str, english: &'static str) {
        let text = self.say(swedish, english);
        self.paragraph(text);
    }

    /// A table: its caption, its columns (numbers are set to the right), its rows.
    fn table(&mut self, caption: &str, columns: &[(&str, bool)], rows: &[Vec<String>]) {
        let _ = writeln!(self.text, "<table><caption>{}</caption><thead><tr>", escape(caption));
        for (name, number) in columns {
            let class = if *number { " class=\"n\"" } else { "" };
            let _ = writeln!(self.text, "<th scope=\"col\"{class}>{}</th>", escape(name));
        }
        self.raw("</tr></thead><tbody>");
        for row in rows {
            self.text.push_str("<tr>");
            for (at, (cell, (_, number))) in row.iter().zip(columns).enumerate() {
                let _ = match (at, *number) {
                    (0, _) => write!(self.text, "<th scope=\"row\">{cell}</th>"),
                    (_, true) => write!(self.text, "<td class=\"n\">{cell}</td>"),
                    (_, false) => write!(self.text, "<td>{cell}</td>"),
                };
            }
            self.raw("</tr>");
        }
        self.raw("</tbody></table>");
    }

    /// A whole number with thin spaces between thousands.
    fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(if self.language == Language::Sv { '\u{a0}' } else { ',' });
            }
            text.push(digit);
        }
        text
    }

    /// A share in per cent with one decimal.
    fn percent(&self, share: f64) -> String {
        let text = format!("{:.1}", 100.0 * share);
        match self.language {
            Language::Sv => format!("{}\u{a0}%", text.replace('.', ",")),
            Language::En => format!("{text}%"),
        }
    }

    fn share(&self, part: u64, whole: u64) -> String {
        self.percent(if whole == 0 { 0.0 } else { part as f64 / whole as f64 })
    }
}

fn pick(language: Language, swedish: &'static str, english: &'static str) -> &'static str {
    match language {
        Language::Sv => swedish,
        Language::En => english,
    }
}

/// Text that means nothing to a browser but itself.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

fn code(text: impl Display) -> String {
    format!("<code>{}</code>", escape(&text.to_string()))
}

const STYLE: &str = "
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif; color: #1b1f24;
  background: #fff; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 60rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.35rem; margin: 2.6rem 0 .6rem; padding-top: .8rem; border-top: 1px solid #c9ced6; }
h3 { font-size: 1.08rem; margin: 1.6rem 0 .4rem; }
p { margin: .5rem 0 .9rem; max-width: 46rem; }
.sub { color: #4a525c; margin: 0 0 1.4rem; }
.verdict { border-left: .5rem solid #1a6b3c; background: #eef7f1; padding: .9rem 1.2rem; margin: 1rem 0 1.4rem; }
.verdict.bad { border-color: #a31621; background: #fdf0f0; }
.verdict strong { font-size: 1.15rem; display: block; margin-bottom: .2rem; }
.verdict p { margin: .2rem 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .7rem; margin: 1rem 0; padding: 0; list-style: none; max-width: none; }
.facts li { margin: 0; border: 1px solid #c9ced6; border-radius: .3rem; padding: .7rem .9rem; }
.facts b { display: block; font-size: 1.35rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0 1.4rem; font-size: .92rem; }
caption { text-align: left; font-weight: 600; padding: 0 0 .4rem; }
th, td { text-align: left; vertical-align: top; padding: .32rem .6rem; border-bottom: 1px solid #dde1e6; }
thead th { border-bottom: 2px solid #6b7480; vertical-align: bottom; }
tbody th { font-weight: 500; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead th.n { white-space: normal; }
code { font-family: ui-monospace, 'Liberation Mono', Menlo, monospace; font-size: .88em; overflow-wrap: anywhere; }
.bar { display: flex; align-items: center; gap: .5rem; }
.bar i { display: block; height: .8rem; background: #2b5f9e; min-width: 1px; }
.bar i.low { background: #b5541c; }
.ok { color: #14572f; font-weight: 600; white-space: nowrap; }
.no { color: #a31621; font-weight: 700; white-space: nowrap; }
.small { font-size: .88rem; color: #3d444d; }
.example { background: #f3f5f8; padding: .8rem 1.1rem; margin: .8rem 0; }
ul { padding-left: 1.2rem; max-width: 46rem; } li { margin: .25rem 0; }
footer { margin-top: 3rem; border-top: 1px solid #c9ced6; padding-top: .8rem; font-size: .88rem; color: #3d444d; }
@media print { body { padding: 0; max-width: none; font-size: 10.5pt; } h2 { break-after: avoid; } tr, .verdict, .example,
  .facts { break-inside: avoid; } thead { display: table-header-group; } .bar i, .verdict { print-color-adjust: exact;
  -webkit-print-color-adjust: exact; } }
";

/// What an attack is called, and what it means for who does not know algebra.
pub(super) fn attack_words(attack: Attack, language: Language) -> (&'static str, &'static str) {
    match attack {
        Attack::Markers => (
            pick(
                language,
                "Samma markering för allt dolt",
                "One marker for all that is hidden",
            ),
            pick(
                language,
                "Varje rad hör till tabellen, och inget skvallrar om varför en uppgift är dold. Tabellerna är dessutom desamma som när intyget utfärdades.",
                "Every row belongs to the table, and nothing tells why a figure is hidden. The tables are also those that the certificate was made for.",
            ),
        ),
        Attack::Additivity => (
            pick(language, "Summor som stämmer", "Sums that agree"),
            pick(
                language,
                "Delar och totaler stämmer överens i alla tabeller. Om de inte gjorde det kunde skillnaden avslöja något.",
                "Parts and totals agree in all tables. If they did not, the difference could tell something.",
            ),
        ),
        Attack::Combinations => (
            pick(
                language,
                "Räkna fram det dolda med plus och minus",
                "Working out the hidden with plus and minus",
            ),
            pick(
                language,
                "Går någon dold uppgift att få exakt genom att lägga ihop och dra ifrån publicerade tal, från alla tabeller, nivåer och områdesindelningar samtidigt? Angriparen prövar alla kombinationer.",
                "Does any hidden figure follow exactly from adding and subtracting published ones, from all tables, levels and divisions of areas at once? The attacker tries all combinations.",
            ),
        ),
        Attack::Intervals => (
            pick(language, "Ringa in det dolda", "Closing in on the hidden"),
            pick(
                language,
                "Antal är hela tal från noll. Mellan vilka tal måste en dold uppgift då ligga? Uppgiften är röjd om bara ett tal är möjligt.",
                "Counts are whole numbers from zero. Between which must a hidden figure then lie? It is given away if only one is possible.",
            ),
        ),
        Attack::RuleAware => (
            pick(
                language,
                "Ringa in det dolda med kunskap om regeln",
                "Closing in with knowledge of the rule",
            ),
            pick(
                language,
                "Som ovan, av en läsare som också vet att nollor visas, så att en dold uppgift är minst ett.",
                "The same by a reader who also knows that zeros are shown, so that a hidden figure is at least one.",
            ),
        ),
        Attack::Files => (
            pick(language, "Leta i filerna", "Searching the files"),
            pick(
                language,
                "Filerna som tabellerna ligger i genomsöks: statistik, ordlistor, metadata, filnamn och radernas ordning.",
                "The files that the tables lie in are searched: statistics, dictionaries, metadata, names and the order of rows.",
            ),
        ),
        Attack::Certificate => (
            pick(
                language,
                "Intygets egna påståenden",
                "What the certificate itself claims",
            ),
            pick(
                language,
                "Intyget säger hur väl varje dold uppgift är skyddad. Granskningen räknar om det från de publicerade tabellerna.",
                "The certificate says how well each hidden figure is protected. The audit computes that again from the published tables.",
            ),
        ),
    }
}

/// Labels of the widths of intervals.
pub(super) fn width_labels(language: Language) -> [&'static str; 7] {
    [
        "0",
        "1",
        "2",
        "3–4",
        "5–9",
        "10+",
        pick(language, "ingen övre gräns", "no upper end"),
    ]
}

fn wrong_words(wrong: Wrong, language: Language) -> &'static str {
    if language == Language::En {
        return wrong.words();
    }
    match wrong {
        Wrong::Content => "tabellen är inte publicerad med de rader som intyget gäller",
        Wrong::Column => "en kolumn saknas",
        Wrong::ExtraColumn => "en kolumn finns inte i definitionen",
        Wrong::NoCell => "en rad hör inte till tabellens definition",
        Wrong::Twice => "en cell finns två gånger",
        Wrong::Figure => "en uppgift är inget antal",
        Wrong::Marker => "uppgift och statuskolumner stämmer inte överens",
        Wrong::NoParts => "en cell har inga delar som kan innehålla någon",
        Wrong::NotAdditive => "publicerade uppgifter går inte ihop",
        Wrong::Derivable => "en dold uppgift går att räkna fram ur publicerade",
        Wrong::OneValue => "en dold uppgift kan bara ha ett värde",
        Wrong::Interval => "intyget påstår ett bredare spann än vad publicerade uppgifter lämnar",
        Wrong::Certificate => "intyget går inte att använda",
        Wrong::File => "en fil berättar vad tabellen döljer",
        Wrong::Ratio => "en publicerad andel röjer ett litet antal",
    }
}

/// What else a finding says; what is not in the list names a column, and stays as it is.
fn detail_words(detail: &str, language: Language) -> &str {
    const SWEDISH: [(&str, &str); 13] = [
        ("it is not there", "den finns inte"),
        ("the hash of its rows is another", "radernas kontrollsumma är en annan"),
        (
            "it has another number of rows, or of hidden ones",
            "den har ett annat antal rader, eller ett annat antal dolda",
        ),
        ("it has none", "den saknar spann i intyget"),
        ("the cell is not hidden", "cellen är inte dold"),
        ("it has no intervals", "det har inga spann"),
        ("a newer samsyn made it", "en nyare samsyn har utfärdat det"),
        (
            "its definitions or correspondences are no such",
            "dess definitioner eller nycklar går inte att använda",
        ),
        (
            "the tables have more combinations of codes than can be attacked",
            "tabellerna har fler kombinationer av koder än som kan prövas",
        ),
        (
            "for a reader who knows that no hidden cell is empty",
            "för den som vet att ingen dold uppgift är noll",
        ),
        (
            "statistics or a dictionary with figures that its rows do not have",
            "statistik eller ordlista med tal som raderna inte visar",
        ),
        (
            "the order of rows is not that of their keys",
            "raderna står inte i nycklarnas ordning",
        ),
        (
            "a name that samsyn did not give",
            "ett filnamn som samsyn inte har gett",
        ),
    ];
    let found = SWEDISH.iter().find(|(english, _)| *english == detail);
    match (language, found) {
        (Language::Sv, Some((_, swedish))) => swedish,
        _ => detail,
    }
}

/// The report as a page. `json_sha256` is the hash of its figures; `signer` the fingerprint of the key.
pub(super) fn page(report: &Report, language: Language, json_sha256: &str, signer: Option<&str>) -> String {
    let mut page = Page {
        text: String::new(),
        language,
    };
    let title = page.say(
        "Granskning av skyddet för enskilda",
        "Audit of the protection of individuals",
    );
    page.raw("<!DOCTYPE html>");
    let _ = writeln!(page.text, "<html lang=\"{}\">", page.say("sv", "en"));
    page.raw("<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    let _ = writeln!(page.text, "<title>{title}: {}</title>", report.release);
    let _ = writeln!(page.text, "<style>{STYLE}</style></head><body><main>");
    let _ = writeln!(page.text, "<h1>{title}</h1>");
    let _ = writeln!(
        page.text,
        "<p class=\"sub\">{} {}, {} {}. {} {}.</p>",
        page.say("Publicering", "Release"),
        report.release,
        page.say("från", "of"),
        escape(&report.released_at),
        page.say("Granskad", "Audited"),
        escape(&report.made_at)
    );
    verdict(&mut page, report);
    summary(&mut page, report);
    what(&mut page, report);
    how(&mut page, report);
    attacks(&mut page, report);
    widths(&mut page, report);
    loss(&mut page, report);
    findings(&mut page, report);
    others(&mut page, report);
    limits(&mut page, report);
    foot(&mut page, report, json_sha256, signer);
    page.raw("</main></body></html>");
    page.text
}

fn verdict(page: &mut Page, report: &Report) {
    let number = report.findings().count() as u64;
    let (class, head, text) = if report.passed {
        (
            "",
            page.say(
                "Godkänd: ingen dold uppgift gick att få fram.",
                "Passed: no hidden figure could be found.",
            ),
            page.say(
                "Alla angrepp i den här rapporten har prövats på det som är publicerat, och inget av dem lyckades.",
                "All attacks in this report were tried on what is published, and none of them succeeded.",
            )
            .to_owned(),
        )
    } else {
        (
            " bad",
            page.say("Inte godkänd: något röjs.", "Not passed: something is given away."),
            format!(
                "{} {}",
                page.number(number),
                page.say(
                    "brister är listade under «Vad som hittades». Publicera inte vidare förrän de är åtgärdade.",
                    "findings are listed under “What was found”. Do not publish further until they are mended.",
                )
            ),
        )
    };
    let _ = writeln!(
        page.text,
        "<div class=\"verdict{class}\"><strong>{head}</strong><p>{}</p></div>",
        escape(&text)
    );
}

fn totals(report: &Report) -> (u64, u64, u64) {
    report
        .populations
        .iter()
        .fold((0, 0, 0), |(tables, cells, hidden), of| {
            (tables + of.tables.len() as u64, cells + of.cells, hidden + of.hidden)
        })
}

fn summary(page: &mut Page, report: &Report) {
    let (tables, cells, hidden) = totals(report);
    let derivable: u64 = report
        .populations
        .iter()
        .flat_map(|of| &of.attacks)
        .filter(|attack| attack.attack == Attack::Combinations)
        .map(|attack| attack.found)
        .sum();
    let least = report.populations.iter().filter_map(least_width).min();
    let facts = [
        (page.number(tables), page.say("tabeller med antal", "tables of counts")),
        (
            page.number(cells),
            page.say("uppgifter publicerade eller dolda", "figures, shown or hidden"),
        ),
        (
            format!("{} ({})", page.number(hidden), page.share(hidden, cells)),
            page.say("av dem dolda", "of them hidden"),
        ),
        (
            page.number(derivable),
            page.say("dolda som gick att räkna fram", "hidden ones that could be worked out"),
        ),
        (
            least.map_or_else(|| "–".to_owned(), |least| page.number(least)),
            page.say(
                "minsta spann för en dold uppgift (0 vore röjd)",
                "narrowest range of a hidden figure (0 would be given away)",
            ),
        ),
    ];
    page.raw("<ul class=\"facts\">");
    for (number, words) in facts {
        let _ = writeln!(page.text, "<li><b>{number}</b>{}</li>", escape(words));
    }
    page.raw("</ul>");
}

fn least_width(population: &PopulationReport) -> Option<u64> {
    population.levels.iter().filter_map(|level| level.least_width).min()
}

fn what(page: &mut Page, report: &Report) {
    page.heading(2, "Vad som skyddas", "What is protected");
    for population in &report.populations {
        let who = match population.policy.entity {
            Entity::Person => page.say("personer", "persons"),
            Entity::Household => page.say("hushåll", "households"),
            Entity::School => page.say("skolor", "schools"),
            Entity::Organisation => page.say("organisationer", "organisations"),
        };
        let small = match population.policy.threshold {
            Some(threshold) => format!(
                "{} {}",
                page.say("Små antal, 1 till", "Small counts, 1 to"),
                format_args!(
                    "{}, {}",
                    threshold.saturating_sub(1),
                    page.say("visas inte.", "are not shown.")
                )
            ),
            None => page
                .say(
                    "Små antal visas inte. Gränsen är inte offentlig.",
                    "Small counts are not shown. The limit is not public.",
                )
                .to_owned(),
        };
        let zeros = match population.policy.zeros {
            Zeros::Published => page.say("Noll visas.", "Zero is shown."),
            Zeros::Protected => page.say("Noll visas inte heller.", "Nor is zero."),
            Zeros::Hideable => page.say(
                "Noll är ofarligt i sig men kan döljas för att skydda annat.",
                "Zero is safe by itself, but may be hidden to protect something else.",
            ),
        };
        let text = format!(
            "{} {} ({}) {} «{}». {small} {zeros} {}",
            page.say("Befolkningen", "The population"),
            population.population,
            who,
            page.say("skyddas enligt policyn", "is protected by the policy"),
            population.policy.name,
            page.say(
                "Dessutom döljs andra uppgifter, så att de små inte går att räkna fram ur summor. Vilka som dolts av vilket skäl framgår inte av det publicerade.",
                "Others are hidden too, so that small ones cannot be worked out from sums. What is published does not tell which is hidden for which reason.",
            )
        );
        page.paragraph(&text);
        let rows: Vec<Vec<String>> = population
            .tables
            .iter()
            .map(|table| {
                vec![
                    code(&table.table),
                    page.number(table.rows),
                    page.number(table.hidden),
                    page.share(table.hidden, table.rows),
                ]
            })
            .collect();
        let caption = format!(
            "{} {}",
            page.say(
                "Tabeller med antal i befolkningen",
                "Tables of counts of the population"
            ),
            population.population
        );
        let columns = [
            (page.say("Tabell", "Table"), false),
            (page.say("Uppgifter", "Figures"), true),
            (page.say("Dolda", "Hidden"), true),
            (page.say("Andel dolda", "Share hidden"), true),
        ];
        page.table(&caption, &columns, &rows);
    }
}

fn how(page: &mut Page, report: &Report) {
    page.heading(2, "Hur ska det förstås?", "How to read this");
    page.words(
        "En dold uppgift är inte osynlig för den som kan räkna. Vet man hur många som bor i ett område och hur många av dem som hör till de andra grupperna, kan man ringa in den grupp som är dold. Skyddet är bra när det som återstår är ett spann av möjliga tal, inte ett enda. Spannets bredd är det största möjliga talet minus det minsta.",
        "A hidden figure is not out of sight for who can calculate. If one knows how many live in an area and how many of them are in the other groups, one can close in on the group that is hidden. The protection is good when what remains is a range of possible numbers, not a single one. The width of the range is the largest possible number less the smallest.",
    );
    for population in &report.populations {
        let Some(example) = &population.example else { continue };
        let high = example.high.map_or_else(
            || page.say("och uppåt", "and upwards").to_owned(),
            |high| format!("{} {}", page.say("till", "to"), page.number(high)),
        );
        let _ = writeln!(
            page.text,
            "<div class=\"example\"><strong>{}</strong> {} {}: {} {}. {} {high}. {}</div>",
            page.say("Exempel.", "Example."),
            page.say("Den sämst skyddade uppgiften i", "The least protected figure of"),
            code(&example.cell.table),
            page.say("raden", "the row"),
            code(example.cell.key.join(" · ")),
            format_args!(
                "{} {}",
                page.say(
                    "Den som räknar på alla publicerade tabeller vet att talet ligger i spannet",
                    "Who calculates with all published tables knows that the number is in the range"
                ),
                page.number(example.low)
            ),
            page.say(
                "Vilket av talen det är framgår inte. Uppgiften kan vara liten själv, eller dold för att skydda en annan.",
                "Which of them it is does not follow. The figure may be small itself, or hidden to protect another."
            )
        );
    }
}

fn attacks(page: &mut Page, report: &Report) {
    page.heading(2, "Angrepp som prövats", "Attacks that were tried");
    page.words(
        "Granskningen läser bara det som är publicerat, precis som en utomstående, och gör sitt bästa för att få fram det dolda.",
        "The audit reads only what is published, as an outsider does, and does its best to find what is hidden.",
    );
    for population in &report.populations {
        let rows: Vec<Vec<String>> = population
            .attacks
            .iter()
            .map(|attack| {
                let (name, meaning) = attack_words(attack.attack, page.language);
                let verdict = if attack.found == 0 {
                    format!("<span class=\"ok\">{}</span>", page.say("inget röjt", "nothing found"))
                } else {
                    let found = page.number(attack.found);
                    format!("<span class=\"no\">{found} {}</span>", page.say("röjda", "found"))
                };
                vec![escape(name), escape(meaning), page.number(attack.tried), verdict]
            })
            .collect();
        let columns = [
            (page.say("Angrepp", "Attack"), false),
            (page.say("Vad det innebär", "What it means"), false),
            (page.say("Prövade", "Tried"), true),
            (page.say("Utfall", "Outcome"), false),
        ];
        let caption = format!(
            "{} {}",
            page.say("Befolkningen", "The population"),
            population.population
        );
        page.table(&caption, &columns, &rows);
    }
}

fn widths(page: &mut Page, report: &Report) {
    page.heading(2, "Hur väl det dolda är skyddat", "How well the hidden is protected");
    page.words(
        "Diagrammet visar hur många dolda uppgifter som har ett visst spann. Bredd 0 betyder röjd, bredd 1 att två tal är möjliga, och så vidare. Ju bredare, desto bättre skydd. Orange staplar är de smalaste: högst två tal är möjliga.",
        "The table shows how many hidden figures have a range of a certain width. Width 0 means given away, width 1 that two numbers are possible, and so on. The wider, the better protected. Orange bars are the narrowest: at most two numbers are possible.",
    );
    for population in &report.populations {
        bars(
            page,
            page.say("För en utomstående", "For an outsider"),
            &population.widths,
            population.hidden,
        );
        if let Some(aware) = &population.widths_rule_aware {
            bars(
                page,
                page.say(
                    "För den som också vet att ingen dold uppgift är noll",
                    "For who also knows that no hidden figure is zero",
                ),
                aware,
                population.hidden,
            );
        }
        let text = match population.programs {
            None => page.say(
                "Spannen för en utomstående är bevisade gränser, räknade summa för summa. Ett spann kan i verkligheten vara något smalare än det som visas, men aldrig bredare; de exakta ändarna räknas med «samsyn audit --intervals».",
                "The ranges are proved bounds, computed sum by sum. A range can in truth be somewhat narrower than shown, never wider; exact ends are computed by “samsyn audit --intervals”.",
            ),
            Some(_) => page.say(
                "Spannen för en utomstående är räknade med linjär programmering på alla summor samtidigt. Spannen för den som känner regeln är bevisade gränser, räknade summa för summa.",
                "The ranges of an outsider are computed by linear programming on all sums at once. Those of who knows the rule are proved bounds, computed sum by sum.",
            ),
        };
        page.paragraph(text);
    }
}

fn bars(page: &mut Page, caption: &'static str, widths: &Widths, hidden: u64) {
    let labels = width_labels(page.language);
    let most = widths.all().into_iter().max().unwrap_or(0).max(1);
    let rows: Vec<Vec<String>> = labels
        .iter()
        .zip(widths.all())
        .enumerate()
        .map(|(at, (label, count))| {
            let class = if at < 2 { " class=\"low\"" } else { "" };
            let length = 22.0 * count as f64 / most as f64;
            let bar = if count == 0 {
                String::new()
            } else {
                format!("<span class=\"bar\" aria-hidden=\"true\"><i{class} style=\"width:{length:.2}rem\"></i></span>")
            };
            vec![escape(label), page.number(count), page.share(count, hidden), bar]
        })
        .collect();
    let columns = [
        (page.say("Spannets bredd", "Width of the range"), false),
        (page.say("Dolda uppgifter", "Hidden figures"), true),
        (page.say("Andel", "Share"), true),
        ("", false),
    ];
    page.table(caption, &columns, &rows);
}

fn loss(page: &mut Page, report: &Report) {
    page.heading(2, "Vad skyddet kostar", "What the protection costs");
    page.words(
        "Fina indelningar kostar mest. «Andel personer som inte visas» är hur stor del av befolkningen som finns i dolda uppgifter på nivån; «totalt» betyder att alla är hopräknade.",
        "Fine breakdowns cost most. “Share of persons not shown” is how much of the population is in hidden figures on the level; “total” means that all are counted together.",
    );
    for population in &report.populations {
        for table in &population.tables {
            let mut levels: Vec<&LevelEvidence> = population
                .levels
                .iter()
                .filter(|level| level.table == table.table)
                .collect();
            let share = |level: &LevelEvidence| level.hidden as f64 / level.cells.max(1) as f64;
            levels.sort_by(|a, b| share(b).total_cmp(&share(a)).then_with(|| a.level.cmp(&b.level)));
            let rows: Vec<Vec<String>> = levels
                .iter()
                .filter(|level| level.hidden > 0)
                .map(|level| {
                    vec![
                        escape(&level_words(&level.level, page.language)),
                        page.number(level.cells),
                        page.number(level.hidden),
                        page.share(level.hidden, level.cells),
                        level.lost().map_or_else(|| "–".to_owned(), |lost| page.percent(lost)),
                        level
                            .least_width
                            .map_or_else(|| "–".to_owned(), |width| page.number(width)),
                    ]
                })
                .collect();
            let columns = [
                (page.say("Nivå", "Level"), false),
                (page.say("Uppgifter", "Figures"), true),
                (page.say("Dolda", "Hidden"), true),
                (page.say("Andel dolda", "Share hidden"), true),
                (
                    page.say("Andel personer som inte visas", "Share of persons not shown"),
                    true,
                ),
                (page.say("Minsta spann", "Narrowest range"), true),
            ];
            if !rows.is_empty() {
                page.table(&table.table.to_string(), &columns, &rows);
            }
            let most = levels
                .iter()
                .filter_map(|level| Some((level.lost()?, level)))
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .filter(|(lost, _)| *lost > 0.0);
            if let Some((lost, level)) = most {
                let text = format!(
                    "{} {}: {} {}",
                    page.say("Mest går förlorat på nivån", "Most is lost on the level"),
                    level_words(&level.level, page.language),
                    page.percent(lost),
                    page.say("av personerna visas inte där.", "of the persons are not shown there.")
                );
                page.paragraph(&text);
            }
            let names: Vec<String> = levels
                .iter()
                .filter(|level| level.hidden == 0)
                .map(|level| level_words(&level.level, page.language))
                .collect();
            let _ = writeln!(
                page.text,
                "<p class=\"small\">{} {} {} {} {}: {}.</p>",
                page.number(names.len() as u64),
                page.say("av", "of"),
                page.number(levels.len() as u64),
                page.say("nivåer i", "levels of"),
                escape(&format!(
                    "{} {}",
                    table.table,
                    page.say("visas i sin helhet", "are shown in full")
                )),
                escape(&if names.is_empty() {
                    "–".to_owned()
                } else {
                    names.join("; ")
                })
            );
        }
    }
}

/// A level in the words of the page.
fn level_words(level: &str, language: Language) -> String {
    level
        .split(" × ")
        .map(|part| {
            if part == "total" {
                pick(language, "totalt", "total")
            } else {
                part
            }
        })
        .collect::<Vec<_>>()
        .join(" × ")
}

fn findings(page: &mut Page, report: &Report) {
    page.heading(2, "Vad som hittades", "What was found");
    if report.passed {
        page.words("Inget.", "Nothing.");
        return;
    }
    page.raw("<ul>");
    for finding in report.findings() {
        let text = finding_words(finding, page.language);
        let _ = writeln!(page.text, "<li>{text}</li>");
    }
    page.raw("</ul>");
}

fn finding_words(finding: &Finding, language: Language) -> String {
    let mut text = escape(wrong_words(finding.wrong, language));
    if let Some(cell) = &finding.cell {
        let _ = write!(text, ": {}", code(cell));
    }
    if !finding.detail.is_empty() {
        let _ = write!(text, " ({})", escape(detail_words(&finding.detail, language)));
    }
    if let Some(equation) = &finding.equation {
        let _ = write!(text, "<br>{}", pick(language, "Så här går det till:", "This is how:"));
        let times = |factor: u64| {
            if factor == 1 {
                String::new()
            } else {
                format!("{factor} · ")
            }
        };
        let _ = write!(
            text,
            "<br>{}{} =",
            times(equation.times.unsigned_abs()),
            code(&equation.cell)
        );
        for (factor, cell) in &equation.terms {
            let sign = if *factor < 0 { "−" } else { "+" };
            let _ = write!(text, "<br>{sign} {}{}", times(factor.unsigned_abs()), code(cell));
        }
    }
    text
}

fn others(page: &mut Page, report: &Report) {
    page.heading(2, "Övriga publicerade tabeller", "Other published tables");
    if report.others.is_empty() {
        page.words("Det finns inga.", "There are none.");
    } else {
        page.words(
            "De här tabellerna är beräknade av andra uppgifter, eller offentliga sedan tidigare, och har inget intyg. Deras procenttal har prövats mot publicerade folkmängder: en liten andel av få personer är ett litet antal.",
            "These tables are computed from other figures, or were public before, and have no certificate. Their percentages were held against published numbers of persons: a small share of few persons is a small count.",
        );
        let rows: Vec<Vec<String>> = report
            .others
            .iter()
            .map(|table| {
                let mine: Vec<_> = report.ratios.iter().filter(|ratio| ratio.table == *table).collect();
                let tried: u64 = mine.iter().map(|ratio| ratio.tried).sum();
                let found: u64 = mine.iter().map(|ratio| ratio.found).sum();
                let columns: Vec<&str> = mine.iter().map(|ratio| ratio.column.as_str()).collect();
                vec![
                    code(table),
                    if columns.is_empty() {
                        page.say("inga procenttal att pröva", "no percentages to try")
                            .to_owned()
                    } else {
                        escape(&columns.join(", "))
                    },
                    page.number(tried),
                    page.number(found),
                ]
            })
            .collect();
        let columns = [
            (page.say("Tabell", "Table"), false),
            (page.say("Prövade kolumner", "Columns tried"), false),
            (page.say("Prövade", "Tried"), true),
            (page.say("Röjda", "Found"), true),
        ];
        let caption = page.say("Tabeller utan intyg", "Tables without certificates");
        page.table(caption, &columns, &rows);
    }
    if !report.history.is_empty() {
        let rows: Vec<Vec<String>> = report
            .history
            .iter()
            .map(|old| {
                vec![
                    format!("{} · {}", old.release, escape(&old.certificate)),
                    page.number(old.cells),
                    page.number(old.hidden),
                    page.number(old.findings.len() as u64),
                ]
            })
            .collect();
        let columns = [
            (page.say("Publicering", "Release"), false),
            (page.say("Uppgifter", "Figures"), true),
            (page.say("Dolda", "Hidden"), true),
            (page.say("Brister", "Findings"), true),
        ];
        let caption = page.say("Tidigare publiceringar, prövade igen", "Earlier releases, proved again");
        page.table(caption, &columns, &rows);
    }
    if !report.together.is_empty() {
        page.words(
            "Den som har sparat allt som någonsin publicerats kan jämföra gammalt och nytt. Så prövades det:",
            "Who has kept everything that was ever published can compare old and new. This is how that was tried:",
        );
        let rows: Vec<Vec<String>> = report
            .together
            .iter()
            .map(|of| {
                vec![
                    escape(&of.population),
                    page.number(of.publications),
                    page.number(of.shown),
                    page.number(of.secrets),
                    page.number(of.already_public),
                    page.number(of.derivable),
                ]
            })
            .collect();
        let columns = [
            (page.say("Befolkning", "Population"), false),
            (page.say("Publiceringar", "Publications"), true),
            (page.say("Visade uppgifter", "Figures shown"), true),
            (page.say("Känsliga, dolda", "Sensitive, hidden"), true),
            (page.say("Ute innan de doldes", "Out before they were hidden"), true),
            (page.say("Röjda senare", "Revealed later"), true),
        ];
        let caption = page.say("Alla publiceringar tillsammans", "All publications together");
        page.table(caption, &columns, &rows);
    }
    if !report.stray_files.is_empty() {
        page.words(
            "I mapparna för publicerade tabeller ligger filer som ingen publicering pekar ut, till exempel efter en avbruten körning. De har inte granskats och bör tas bort:",
            "In the folders of published tables lie files that no release names, for example after a run that was broken off. They were not audited and should be removed:",
        );
        page.raw("<ul>");
        for path in &report.stray_files {
            let _ = writeln!(page.text, "<li>{}</li>", code(path));
        }
        page.raw("</ul>");
    }
}

fn limits(page: &mut Page, report: &Report) {
    page.heading(2, "Vad granskningen inte säger", "What the audit does not say");
    page.words(
        "En granskning prövar bestämda angrepp. Detta ligger utanför den här:",
        "An audit tries certain attacks. Outside this one are:",
    );
    let mut points = vec![
        page.say(
            "Vad någon vet om sina grannar, arbetskamrater eller sig själv: den som känner några av personerna i en grupp vet mer än en utomstående.",
            "What somebody knows of neighbours, colleagues or himself: who knows some of the persons of a group knows more than an outsider.",
        ),
        page.say(
            "Uppgifter som andra har publicerat om samma personer, om de inte är angivna för befolkningen.",
            "What others have published about the same persons, unless it is declared for the population.",
        ),
        page.say(
            "Hur många som flyttat eller tillkommit mellan två publiceringar, när uppgifter har rättats.",
            "How many moved or came between two releases, where figures were corrected.",
        ),
        page.say(
            "Andra beräknade mått än procenttal, såsom index och medelvärden.",
            "Computed figures other than percentages, such as indices and means.",
        ),
        page.say(
            "Att en grupp är helt likadan: om alla i ett område hör till samma kategori visas det, om inte policyn säger annat.",
            "That a group is all alike: if all in an area are of the same category that is shown, unless the policy says otherwise.",
        ),
    ];
    if report.populations.iter().any(|of| of.programs.is_none()) {
        points.push(page.say(
            "De exakta ändarna av spannen, som räknas på begäran.",
            "The exact ends of the ranges, which are computed on demand.",
        ));
    }
    page.raw("<ul>");
    for point in points {
        let _ = writeln!(page.text, "<li>{}</li>", escape(point));
    }
    page.raw("</ul>");
}

fn foot(page: &mut Page, report: &Report, json_sha256: &str, signer: Option<&str>) {
    page.heading(2, "Underskrift och underlag", "Signature and evidence");
    match signer {
        Some(fingerprint) => {
            page.words(
                "Rapporten är underskriven (Ed25519). Jämför nyckelns fingeravtryck med det som utgivaren uppger på annat sätt, och kontrollera sedan filen:",
                "The report is signed (Ed25519). Compare the fingerprint of the key with the one that the publisher gives by another way, then check the file:",
            );
            let _ = writeln!(page.text, "<p>{}</p>", code(fingerprint));
            let command =
                "openssl pkeyutl -verify -pubin -inkey report.pub.pem -rawin -in report.json -sigfile report.json.sig";
            let _ = writeln!(page.text, "<p>{}</p>", code(command));
        }
        None => page.words(
            "Rapporten är inte underskriven: ingen nyckel är angiven (inställningen report_key). Vem som helst kan ha ändrat den.",
            "The report is not signed: no key was given (the setting report_key). Anybody may have changed it.",
        ),
    }
    let mut rows = vec![vec!["report.json".to_owned(), code(json_sha256)]];
    for population in &report.populations {
        rows.push(vec![
            escape(&format!("certificate.{}.json", population.certificate)),
            code(&population.certificate_sha256),
        ]);
        for table in &population.tables {
            rows.push(vec![code(&table.table), code(&table.content_hash)]);
        }
    }
    let columns = [
        (page.say("Underlag", "Evidence"), false),
        (page.say("Kontrollsumma", "Hash"), false),
    ];
    let caption = page.say(
        "Filer (SHA-256) och tabellernas innehåll (XXH3-128)",
        "Files (SHA-256) and contents of tables (XXH3-128)",
    );
    page.table(caption, &columns, &rows);
    let _ = writeln!(
        page.text,
        "<footer><p>samsyn {}. {}</p></footer>",
        escape(report.samsyn),
        page.say(
            "Intygen prövas på nytt med «samsyn verify», av vem som helst som har de publicerade tabellerna.",
            "The certificates are proved again by “samsyn verify”, by anybody who has the published tables.",
        )
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_tables_is_no_markup() {
        assert_eq!(escape("<b a='1'>&\""), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;");
    }
}
