extension Configuration {
    /// What holds where no source says anything.
    public static var defaults: Configuration {
        // Cannot fail: a test holds that every default in the table is right.
        (try? parse(flags: [], environment: [:], file: nil)) ?? Configuration()
    }

    /// Reads the settings from flags, environment and file, the stronger source first.
    ///
    /// Does no I/O. Whatever is wrong in any source is reported at once. An empty variable counts as absent.
    public static func parse(
        flags: [String], environment: [String: String], file: ConfigValue?
    ) throws(ConfigurationError) -> Configuration {
        try parse(flags: flags, environment: environment, file: file, table: Setting.table)
    }

    /// The path of the file that flags or environment ask for; what is wrong with them, `parse` tells.
    public static func filePath(flags: [String], environment: [String: String]) -> String? {
        var problems: [ConfigurationProblem] = []
        let given =
            FlagReader(Setting.table).read(flags, &problems)["config"]?.text
            ?? environment["HELIOGRAPH_CONFIG"]
        return given.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The settings that differ from those of another configuration.
    public func changes(from old: Configuration) -> [ResolvedSetting] {
        zip(resolved, old.resolved).filter { $0.text != $1.text }.map { $0.0 }
    }

    static func parse(
        flags: [String], environment: [String: String], file: ConfigValue?, table: [Setting]
    ) throws(ConfigurationError) -> Configuration {
        var problems: [ConfigurationProblem] = []
        let fromFlags = FlagReader(table).read(flags, &problems)
        let fromEnvironment = variables(environment, table, &problems)
        let fromFile = FileReader(table, environment).read(file ?? .null, &problems)
        var configuration = Configuration()
        for setting in table {
            let sources: [(ResolvedSetting.Source, GivenValue?)] = [
                (.flag, fromFlags[setting.key]), (.environment, fromEnvironment[setting.key]),
                (.file, fromFile[setting.key]),
            ]
            // A value that a stronger source covers is checked all the same: it will count one day.
            var winner: (source: ResolvedSetting.Source, text: String)?
            for (source, given) in sources {
                guard let given else { continue }
                do throws(SettingMistake) {
                    var scratch = configuration
                    try setting.apply(given.text, &scratch)
                    if winner == nil {
                        configuration = scratch
                        winner = (source, given.text)
                    }
                } catch {
                    problems.append(problem(setting, given, error))
                }
            }
            if winner == nil {
                do throws(SettingMistake) {
                    try setting.apply(setting.defaultText, &configuration)
                } catch {
                    problems.append(
                        ConfigurationProblem(
                            .badValue, .setting(setting.key), "has a wrong default: \(error.message)"))
                }
            }
            let (source, text) = winner ?? (.standard, setting.defaultText)
            configuration.resolved.append(ResolvedSetting(setting: setting, source: source, text: text))
        }
        problems += configuration.conflicts()
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        return configuration
    }

    private static func problem(
        _ setting: Setting, _ given: GivenValue, _ mistake: SettingMistake
    ) -> ConfigurationProblem {
        let shown = setting.isSecret || given.text.isEmpty ? "" : ", not \"\(given.text.prefix(100))\""
        return ConfigurationProblem(.badValue, given.place, mistake.message + shown)
    }

    private static func variables(
        _ environment: [String: String], _ table: [Setting], _ problems: inout [ConfigurationProblem]
    ) -> [String: GivenValue] {
        var result: [String: GivenValue] = [:]
        let names = table.map(\.variable)
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where !text.isEmpty {
            if let setting = table.first(where: { $0.variable == name }) {
                result[setting.key] = GivenValue(text: text, place: .variable(name))
            } else if name.hasPrefix("HELIOGRAPH_") {
                problems.append(
                    ConfigurationProblem(
                        .unknown, .variable(name),
                        "is no setting\(Suggestion.question(for: name, among: names))"))
            }
        }
        return result
    }

    /// What is wrong between settings that are right by themselves.
    private func conflicts() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        func add(_ key: String, _ message: String) {
            problems.append(ConfigurationProblem(.conflict, .setting(key), message))
        }
        if (tls.certificate == nil) != (tls.key == nil) {
            add(
                tls.key == nil ? "tls.key" : "tls.cert",
                "TLS needs a certificate and its key: set both tls.cert and tls.key")
        }
        if tls.clientAuthorities != nil, tls.certificate == nil {
            add("tls.client_ca", "client certificates need TLS: set tls.cert and tls.key")
        }
        let keys: [(String, Bool)] = [
            ("encryption_key", encryption.key != nil), ("encryption_keys", encryption.keys != nil),
            ("encryption_key_file", encryption.keyFile != nil),
        ]
        if let last = keys.last(where: \.1), keys.count(where: \.1) > 1 {
            add(last.0, "give only one of encryption_key, encryption_keys and encryption_key_file")
        }
        if http.targetBytesMax > http.headerBytesMax {
            add("http.target_bytes_max", "must not be larger than http.header_bytes_max")
        }
        if http2.streamWindow > http2.connectionWindow {
            add("http2.stream_window", "must not be larger than http2.connection_window")
        }
        return problems
    }
}

/// A value as a source gives it.
struct GivenValue {
    var text: String
    let place: ConfigurationProblem.Place
}
