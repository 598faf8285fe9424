/// Reads settings from flags: `--name value`, `--name=value`, `--switch`, `--no-switch`.
struct FlagReader {
    private let settings: [String: Setting]
    private let names: [String]

    init(_ table: [Setting]) {
        settings = Dictionary(table.map { ($0.flag, $0) }) { first, _ in first }
        names = table.map(\.flag)
    }

    /// The values by the settings' keys.
    func read(_ arguments: [String], _ problems: inout [ConfigurationProblem]) -> [String: GivenValue] {
        var result: [String: GivenValue] = [:]
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            let name = parts[0]
            guard let setting = settings[name] else {
                if let setting = switchedOff(argument) {
                    add(setting, "false", argument, to: &result, &problems)
                } else {
                    problems.append(unknown(argument, name))
                    // What follows an unknown flag is most likely its value, and no mistake of its own.
                    let mayHaveValue = argument.hasPrefix("--") && parts.count == 1
                    if mayHaveValue, let value = rest.first, !value.hasPrefix("-") { rest.removeFirst() }
                }
                continue
            }
            if parts.count == 2 {
                add(setting, parts[1], name, to: &result, &problems)
            } else if setting.isSwitch {
                add(setting, "true", name, to: &result, &problems)
            } else if let value = rest.first, !value.hasPrefix("-") {
                rest.removeFirst()
                add(setting, value, name, to: &result, &problems)
            } else {
                problems.append(
                    ConfigurationProblem(.missingValue, .flag(name), "needs a value: \(setting.kind)"))
            }
        }
        return result
    }

    private func switchedOff(_ argument: String) -> Setting? {
        guard argument.hasPrefix("--no-"), let setting = settings["--" + argument.dropFirst(5)] else {
            return nil
        }
        return setting.isSwitch ? setting : nil
    }

    private func add(
        _ setting: Setting, _ text: String, _ flag: String, to result: inout [String: GivenValue],
        _ problems: inout [ConfigurationProblem]
    ) {
        guard let first = result[setting.key] else {
            result[setting.key] = GivenValue(text: text, place: .flag(flag))
            return
        }
        if setting.isList {
            result[setting.key]?.text = "\(first.text),\(text)"
        } else {
            problems.append(ConfigurationProblem(.repeated, .flag(flag), "is given twice"))
        }
    }

    private func unknown(_ argument: String, _ name: String) -> ConfigurationProblem {
        guard argument.hasPrefix("-") else {
            return ConfigurationProblem(.unknown, .flag(argument), "is not expected here")
        }
        return ConfigurationProblem(
            .unknown, .flag(name), "is no setting\(Suggestion.question(for: name, among: names))")
    }
}
