/// Reads settings from the tree of a file: objects are groups, and texts may name environment variables.
struct FileReader {
    private let settings: [String: Setting]
    private let keys: [String]
    private let environment: [String: String]

    init(_ table: [Setting], _ environment: [String: String]) {
        // The file cannot say where the file is.
        let table = table.filter { $0.key != "config" }
        settings = Dictionary(table.map { ($0.key, $0) }) { first, _ in first }
        keys = table.map(\.key)
        self.environment = environment
    }

    /// The values by the settings' keys.
    func read(_ file: ConfigValue, _ problems: inout [ConfigurationProblem]) -> [String: GivenValue] {
        var result: [String: GivenValue] = [:]
        switch file {
        case .null: break
        case .object(let members): read(members, "", &result, &problems)
        default: problems.append(ConfigurationProblem(.unreadable, .file("the file"), "must hold an object"))
        }
        return result
    }

    private func read(
        _ members: [(key: String, value: ConfigValue)], _ prefix: String,
        _ result: inout [String: GivenValue],
        _ problems: inout [ConfigurationProblem]
    ) {
        var seen: Set<String> = []
        for (name, value) in members {
            let key = prefix + name
            if !seen.insert(name).inserted {
                problems.append(ConfigurationProblem(.repeated, .key(key), "stands there twice"))
            } else if let setting = settings[key] {
                do throws(SettingMistake) {
                    if let text = try text(of: value, for: setting) {
                        result[key] = GivenValue(text: text, place: .key(key))
                    }
                } catch {
                    problems.append(ConfigurationProblem(.badValue, .key(key), error.message))
                }
            } else if keys.contains(where: { $0.hasPrefix(key + ".") }) {
                if case .object(let members) = value {
                    read(members, key + ".", &result, &problems)
                } else if value != .null {
                    problems.append(
                        ConfigurationProblem(.badValue, .key(key), "is a group and must be an object"))
                }
            } else {
                let question = Suggestion.question(for: key, among: keys)
                problems.append(ConfigurationProblem(.unknown, .key(key), "is no setting\(question)"))
            }
        }
    }

    private func text(of value: ConfigValue, for setting: Setting) throws(SettingMistake) -> String? {
        switch value {
        case .null: return nil
        case .bool(let value): return value ? "true" : "false"
        case .number(let text): return text
        case .string(let text): return try Expansion.expand(text, environment)
        case .array(let values):
            guard setting.isList else { throw SettingMistake("must be one value, not an array") }
            var texts: [String] = []
            for value in values {
                guard case .string(let text) = value else {
                    throw SettingMistake("must be an array of texts")
                }
                texts.append(try Expansion.expand(text, environment))
            }
            return texts.joined(separator: ",")
        case .object: throw SettingMistake("must be \(setting.kind), not an object")
        }
    }
}

/// Environment variables inside of a text: `${NAME}`, `${NAME:-default}`; `$$` is one dollar.
enum Expansion {
    static func expand(_ text: String, _ environment: [String: String]) throws(SettingMistake) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.hasPrefix("$") {
                result += "$"
                rest = rest.dropFirst()
            } else if rest.hasPrefix("{") {
                guard let end = rest.firstIndex(of: "}") else {
                    throw SettingMistake("has a ${ without its }")
                }
                result += try value(of: rest[rest.index(after: rest.startIndex)..<end], environment)
                rest = rest[rest.index(after: end)...]
            } else {
                result += "$"
            }
        }
        return result + rest
    }

    private static func value(
        of reference: Substring, _ environment: [String: String]
    ) throws(SettingMistake) -> String {
        let name = String(reference.prefix { $0 != ":" })
        let rest = reference.dropFirst(name.count)
        let isName =
            !name.isEmpty && !(0x30...0x39).contains(name.utf8.first ?? 0x30)
            && name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                    || $0 == 0x5f
            }
        guard isName, rest.isEmpty || rest.hasPrefix(":-") else {
            throw SettingMistake("has ${\(reference)}, which is neither ${NAME} nor ${NAME:-default}")
        }
        if let value = environment[name], !value.isEmpty || rest.isEmpty { return value }
        guard !rest.isEmpty else { throw SettingMistake("names the variable \(name), which is not set") }
        return String(rest.dropFirst(2))
    }
}
