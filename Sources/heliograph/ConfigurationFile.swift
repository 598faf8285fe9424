import Base
import Glibc
import Wire

/// The optional file with settings.
enum ConfigurationFile {
    private static let bytesMax = 1 << 20

    /// All settings, from flags, environment and the file that those name.
    static func load(flags: [String], environment: [String: String]) throws(ConfigurationError)
        -> Configuration
    {
        var file: ConfigValue?
        if let path = Configuration.filePath(flags: flags, environment: environment) { file = try read(path) }
        return try Configuration.parse(flags: flags, environment: environment, file: file)
    }

    private static func read(_ path: String) throws(ConfigurationError) -> ConfigValue {
        let (bytes, code) = FileSystem.contents(of: path, bytesMax: bytesMax)
        guard let bytes else { throw unreadable(path, "cannot be read: \(FileSystem.text(of: code))") }
        do throws(JSONError) {
            return ConfigValue(
                try JSON.parse(bytes, limits: JSONLimits(bytesMax: bytesMax, depthMax: 16)).root)
        } catch {
            throw unreadable(path, error.description)
        }
    }

    private static func unreadable(_ path: String, _ message: String) -> ConfigurationError {
        ConfigurationError([ConfigurationProblem(.unreadable, .file(path), message)])
    }
}

extension ConfigValue {
    fileprivate init(_ view: JSONView) {
        switch view.kind {
        case .null: self = .null
        case .bool: self = .bool(view.bool ?? false)
        case .integer, .double: self = .number(view.raw.repairedText)
        case .string: self = .string(view.string ?? "")
        case .array: self = .array(view.elements.map { ConfigValue($0) })
        case .object: self = .object(view.members.map { (key: $0.name, value: ConfigValue($0.value)) })
        }
    }
}
