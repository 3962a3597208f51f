//! "Did you mean": the known name nearest to an unknown one.

/// A help that names the nearest candidate, or else lists them all.
pub(crate) fn did_you_mean<'a>(unknown: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let limit = (unknown.chars().count() / 3).max(1);
    let nearest = candidates.iter().map(|name| (distance(unknown, name), *name)).min();
    match nearest {
        Some((distance, name)) if distance <= limit => format!("did you mean `{name}`?"),
        Some(_) if candidates.len() == 1 => format!("there is only {}", listed(&candidates)),
        Some(_) => format!("there are {}", listed(&candidates)),
        None => String::new(),
    }
}

/// `` `a`, `b` and `c` ``.
pub(crate) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// Number of insertions, deletions, replacements and exchanges of neighbours that turn one word into another, letter
/// case counted as nothing.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = last[j] + usize::from(a[i] != b[j]);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(did_you_mean("nrom2", ["norm1", "norm2", "dot"]), "did you mean `norm2`?");
        assert_eq!(did_you_mean("w", ["v"]), "did you mean `v`?");
        assert_eq!(did_you_mean("elephant", ["a", "b"]), "there are `a` and `b`");
        assert_eq!(did_you_mean("x", []), "");
    }

    #[test]
    fn distances() {
        for (a, b, expected) in [("", "abc", 3), ("abc", "acb", 1), ("Real", "real", 0), ("kitten", "sitting", 3)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
