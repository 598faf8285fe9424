import Base
import Wire

/// What a method is called with, whatever form it came in.
struct Arguments: Sendable {
    private enum Value {
        case text(String)
        case json(JSONValue)
    }

    private var values: [String: Value] = [:]
    private var files: [String: MultipartPart] = [:]

    init() {}

    /// The members of a JSON object.
    init(_ fields: JSONFields) {
        for (name, value) in fields { values[name.lowercased()] = .json(value) }
    }

    mutating func add(_ fields: [FormField]) {
        for field in fields { values[field.name.lowercased()] = .text(field.value.repairedText) }
    }

    mutating func add(_ parts: [MultipartPart]) {
        for part in parts {
            if part.head.filename == nil {
                values[part.head.name.lowercased()] = .text(part.bytes.repairedText)
            } else {
                files[part.head.name] = part
            }
        }
    }

    mutating func add(_ fields: JSONFields) {
        for (name, value) in fields { values[name.lowercased()] = .json(value) }
    }

    func has(_ name: String) -> Bool { values[name] != nil || files[name] != nil }

    /// The text of an argument; numbers and truth values are written out.
    func string(_ name: String) -> String? {
        switch values[name] {
        case .text(let text): text
        case .json(.string(let text)): text
        case .json(.null), nil: nil
        case .json(let value): value.description
        }
    }

    func int(_ name: String) -> Int? {
        switch values[name] {
        case .text(let text): Int(text)
        case .json(let value): value.int64.map(Int.init) ?? value.string.flatMap { Int($0) }
        case nil: nil
        }
    }

    func int64(_ name: String) -> Int64? { int(name).map(Int64.init) }

    func double(_ name: String) -> Double? {
        let number: Double? =
            switch values[name] {
            case .text(let text): Double(text)
            case .json(let value): value.double ?? value.string.flatMap { Double($0) }
            case nil: nil
            }
        // What is no number in arithmetic ends the program where it becomes an integer.
        return number.flatMap { $0.isFinite ? $0 : nil }
    }

    func bool(_ name: String) -> Bool {
        switch values[name] {
        case .text(let text): ["true", "1", "yes", "t"].contains(text.lowercased())
        case .json(.bool(let truth)): truth
        case .json(let value):
            value.int64 == 1 || value.string.map { ["true", "1"].contains($0.lowercased()) } ?? false
        case nil: false
        }
    }

    /// An argument that is JSON, written into a text where it came by a form.
    func json(_ name: String) -> JSONValue? {
        switch values[name] {
        case .text(let text), .json(.string(let text)):
            // What is no JSON is refused by whoever needs it.
            return (try? JSON.parse(Bytes(text))).map { JSONValue($0.root) }
        case .json(.null), nil: return nil
        case .json(let value): return value
        }
    }

    /// An uploaded file, by the name of its part.
    func file(_ name: String) -> MultipartPart? { files[name] }

    /// The names of all arguments, for logs.
    var names: [String] { (Array(values.keys) + Array(files.keys)).sorted() }
}
