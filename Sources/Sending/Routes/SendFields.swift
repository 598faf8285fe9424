import BotAPI
import Base
import Wire

/// The fields of a request, by their names in camelCase or in snake_case.
///
/// In a form and in a query everything is a text: numbers, truth values and JSON are read from texts, too.
struct SendFields {
    /// The values by their names in camelCase.
    private let values: [String: JSONView]
    /// What stands before the names in errors, such as `poll.`.
    private let path: String
    /// The files of a form, by the names of their parts.
    let uploads: [String: InputFile.Upload]

    private static let labelMax = 200

    init(_ view: JSONView, uploads: [String: InputFile.Upload] = [:]) throws(SendError) {
        guard view.kind == .object else { throw .invalid("body", "must be an object") }
        try self.init(view, path: "", uploads)
    }

    private init(
        _ view: JSONView, path: String, _ uploads: [String: InputFile.Upload]
    ) throws(SendError) {
        var values: [String: JSONView] = [:]
        for member in view.members {
            // Whoever wrote it may have meant the other one.
            guard values.updateValue(member.value, forKey: Self.camel(member.name)) == nil else {
                throw .invalid(path + member.name.prefix(64), "is given twice")
            }
        }
        self.values = values
        self.path = path
        self.uploads = uploads
    }

    func invalid(_ name: String, _ reason: String) -> SendError { .invalid(path + name, reason) }

    /// The field's value; nil where there is none, or null.
    subscript(name: String) -> JSONView? { values[name].flatMap { $0.isNull ? nil : $0 } }

    /// Whether the field is there, be it null.
    func has(_ name: String) -> Bool { values[name] != nil }

    /// The name of the part that holds the field's file.
    func part(_ name: String) -> String? {
        uploads.keys.first { Self.camel($0) == name }
    }

    // MARK: Kinds of values

    func text(_ name: String) throws(SendError) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string else { throw invalid(name, "must be a text") }
        return text
    }

    func number(_ name: String) throws(SendError) -> Int64? {
        guard let value = self[name] else { return nil }
        guard let number = value.number else { throw invalid(name, "must be a whole number") }
        return number
    }

    func decimal(_ name: String) throws(SendError) -> Double? {
        guard let value = self[name] else { return nil }
        guard let number = value.double ?? value.string.flatMap({ Double($0) }), number.isFinite else {
            throw invalid(name, "must be a number")
        }
        return number
    }

    func flag(_ name: String) throws(SendError) -> Bool? {
        guard let value = self[name] else { return nil }
        switch value.bool.map({ "\($0)" }) ?? value.string {
        case "true": return true
        case "false": return false
        default: throw invalid(name, "must be true or false")
        }
    }

    /// A short text of visible characters, such as a key.
    func label(_ name: String) throws(SendError) -> String? {
        guard let text = try text(name) else { return nil }
        return try Self.label(text, path + name)
    }

    /// A short text of visible characters, wherever it stands.
    static func label(_ text: String, _ name: String) throws(SendError) -> String {
        guard (1...labelMax).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw .invalid(name, "must have 1 to \(labelMax) visible ASCII characters")
        }
        return text
    }

    // MARK: JSON

    /// An object that is passed on as it is.
    func object(_ name: String) throws(SendError) -> JSONView? {
        guard let value = try unpacked(name) else { return nil }
        guard value.kind == .object else { throw invalid(name, "must be an object") }
        return value
    }

    /// A list.
    func list(_ name: String) throws(SendError) -> JSONView? {
        guard let value = try unpacked(name) else { return nil }
        guard value.kind == .array else { throw invalid(name, "must be a list") }
        return value
    }

    /// An object whose fields count here, too.
    func fields(_ name: String) throws(SendError) -> SendFields? {
        guard let value = try object(name) else { return nil }
        return try SendFields(value, path: "\(path)\(name).", [:])
    }

    /// A list of objects, of so many at most.
    func items(_ name: String, max: Int) throws(SendError) -> [SendFields]? {
        guard let list = try list(name) else { return nil }
        guard list.count <= max else { throw invalid(name, "must have at most \(max) items") }
        var items: [SendFields] = []
        for item in list.elements {
            guard item.kind == .object else { throw invalid("\(name)[\(items.count)]", "must be an object") }
            items.append(try SendFields(item, path: "\(path)\(name)[\(items.count)].", [:]))
        }
        return items
    }

    /// A list of whole numbers, of so many at most.
    func numbers(_ name: String, max: Int) throws(SendError) -> [Int64]? {
        guard let list = try list(name) else { return nil }
        guard list.count <= max else { throw invalid(name, "must have at most \(max) numbers") }
        var numbers: [Int64] = []
        for item in list.elements {
            guard let number = item.number else {
                throw invalid("\(name)[\(numbers.count)]", "must be a whole number")
            }
            numbers.append(number)
        }
        return numbers
    }

    /// The value itself, or the JSON in its text.
    private func unpacked(_ name: String) throws(SendError) -> JSONView? {
        guard let value = self[name] else { return nil }
        guard let text = value.bytes else { return value }
        do throws(JSONError) { return try JSON.parse(text).root } catch {
            throw invalid(name, "must be JSON")
        }
    }

    private static func camel(_ name: String) -> String {
        guard name.utf8.contains(UInt8(ascii: "_")) else { return name }
        var words = name.split(separator: "_").makeIterator()
        var camel = words.next().map { String($0) } ?? ""
        while let word = words.next() { camel += word.prefix(1).uppercased() + word.dropFirst() }
        return camel
    }
}

extension SendFields {
    /// What the request checks of itself, told by the names of the fields that it came from.
    func check(
        _ request: any BotRequest, _ rename: (String) -> String = { $0 }
    ) throws(SendError) {
        do throws(BotRequestError) { try request.check() } catch {
            throw invalid(rename(error.field), error.reason)
        }
    }
}
