/// One row of the table of settings.
public struct Setting: Sendable {
    /// The name in the file, with dots between the parts; the other names are made of it.
    public let key: String
    /// What values it can have, for people.
    public let kind: String
    /// The value where no source gives one, as text.
    public let defaultText: String
    /// One sentence for people.
    public let help: String
    /// Whether its value must never be shown.
    public let isSecret: Bool
    /// Whether a change takes effect without a restart.
    public let isReloadable: Bool
    /// The environment variable that sets it.
    public let variable: String

    let isList: Bool
    let isSwitch: Bool
    /// Reads the text and stores the value.
    let apply: @Sendable (String, inout Configuration) throws(SettingMistake) -> Void

    init<Value>(
        _ key: String, _ kind: SettingKind<Value>, default defaultText: String, _ help: String,
        reloadable isReloadable: Bool = false, variable: String? = nil,
        store: @escaping @Sendable (inout Configuration, Value) -> Void
    ) {
        self.key = key
        self.kind = kind.name
        self.defaultText = defaultText
        self.help = help
        self.isReloadable = isReloadable
        self.variable = variable ?? "HELIOGRAPH_" + key.uppercased().map { $0 == "." ? "_" : $0 }
        isSecret = kind.isSecret
        isList = kind.isList
        isSwitch = kind.isSwitch
        apply = { text, configuration throws(SettingMistake) in store(&configuration, try kind.read(text)) }
    }

    /// The flag that sets it, with its dashes.
    public var flag: String { "--" + String(key.map { $0 == "." || $0 == "_" ? "-" : $0 }) }
}
