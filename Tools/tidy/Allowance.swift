/// What each file may have of the things that should become fewer: `tidy.allow`.
///
/// A line is `RULE COUNT PATH`, with a reason after ` # ` where one is due. The counts are exact: too many is a
/// finding, and so is a count that could go down, so that what was won is not lost again.
struct Allowance: Equatable {
    static let path = "Tools/tidy/tidy.allow"

    struct Entry: Equatable {
        var rule: String
        var count: Int
        var path: String
        var reason: String
        var line: Int

        var text: String { "\(rule) \(count) \(path)" + (reason.isEmpty ? "" : "  # \(reason)") }
    }

    private(set) var entries: [Entry] = []
    private(set) var findings: [Finding] = []
    private var head: [String] = []

    init(_ text: String) {
        for (index, line) in text.split(separator: "\n").enumerated() {
            if line.hasPrefix("#") {
                head.append(String(line))
                continue
            }
            let halves = line.split(separator: "#", maxSplits: 1)
            let fields = (halves.first ?? "").split(separator: " ")
            guard fields.count == 3, let count = Int(fields[1]), count > 0 else {
                let message = "not `RULE COUNT PATH  # reason`"
                findings.append(Finding(path: Self.path, line: index + 1, rule: "allow", message: message))
                continue
            }
            let reason = halves.count > 1 ? String(halves[1].drop { $0 == " " }) : ""
            entries.append(
                Entry(
                    rule: String(fields[0]), count: count, path: String(fields[2]), reason: reason,
                    line: index + 1))
        }
    }

    /// What is used too often, and what is allowed too often.
    func findings(against uses: [Use], lengths: [String: Int]) -> [Finding] {
        var counts = Self.counts(uses, lengths)
        var findings = self.findings
        for entry in entries {
            let count = counts.removeValue(forKey: Key(entry)) ?? 0
            if count > entry.count { findings += tooMany(Key(entry), entry.count, uses, count) }
            if count < entry.count {
                let end = count == 0 ? "go" : "go down to \(count)"
                let message =
                    "`\(entry.rule) \(entry.count) \(entry.path)` can \(end) (`tidy --update` does it)"
                findings.append(Finding(path: Self.path, line: entry.line, rule: "ratchet", message: message))
            }
        }
        for (key, count) in counts { findings += tooMany(key, 0, uses, count) }
        return findings
    }

    /// Lowers what can be lowered; with `raising`, also takes in what is there and not allowed yet.
    mutating func update(to uses: [Use], lengths: [String: Int], raising: Bool) {
        var counts = Self.counts(uses, lengths)
        entries = entries.compactMap { entry in
            let count = counts.removeValue(forKey: Key(entry)) ?? 0
            var entry = entry
            entry.count = raising ? count : min(count, entry.count)
            return entry.count > 0 ? entry : nil
        }
        guard raising else { return }
        entries += counts.map { Entry(rule: $0.rule, count: $1, path: $0.path, reason: "", line: 0) }
        entries.sort { ($0.rule, $0.path) < ($1.rule, $1.path) }
    }

    /// The file's new content.
    var text: String { (head + entries.map(\.text)).map { $0 + "\n" }.joined() }

    private struct Key: Hashable {
        var rule: String
        var path: String

        init(_ rule: String, _ path: String) { (self.rule, self.path) = (rule, path) }
        init(_ entry: Entry) { self.init(entry.rule, entry.path) }
    }

    private static func counts(_ uses: [Use], _ lengths: [String: Int]) -> [Key: Int] {
        var counts: [Key: Int] = [:]
        for use in uses { counts[Key(use.rule, use.path), default: 0] += 1 }
        for (path, lines) in lengths { counts[Key("file-length", path)] = lines }
        return counts
    }

    private func tooMany(_ key: Key, _ allowed: Int, _ uses: [Use], _ count: Int) -> [Finding] {
        if key.rule == "file-length" {
            let limit = max(allowed, Sizes.fileLines)
            let message = "more than \(limit) lines; split it, or allow \(count) with a reason"
            return [Finding(path: key.path, line: 1, rule: key.rule, message: message)]
        }
        return uses.filter { $0.rule == key.rule && $0.path == key.path }.map { use in
            let message = "\(use.message) (\(count) in this file, \(allowed) allowed)"
            return Finding(path: key.path, line: use.line, rule: key.rule, message: message)
        }
    }
}
