/// A tree of values as a configuration file holds it, whatever format it was read from.
public indirect enum ConfigValue: Sendable, Equatable {
    /// Nothing: as if the key were not there.
    case null
    /// A truth value.
    case bool(Bool)
    /// A number, as it was written.
    case number(String)
    /// A text, in which `${NAME}` stands for an environment variable.
    case string(String)
    /// Several values.
    case array([ConfigValue])
    /// Named values, in their order.
    case object([(key: String, value: ConfigValue)])

    /// Whether both are the same tree.
    public static func == (left: ConfigValue, right: ConfigValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)), (.string(let left), .string(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)):
            left.elementsEqual(right) { $0.key == $1.key && $0.value == $1.value }
        default: false
        }
    }
}
