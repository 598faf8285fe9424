import Base
import BotAPI
import Crypto
import HTTPServer
import Wire

/// The arguments of a call, in whichever of Telegram's forms they came.
struct CallArguments: Sendable {
    /// The texts of the arguments by their names; what is no text is JSON, and of a file there is none.
    private let values: [String: String]
    /// The same arguments for Telegram, files included.
    let body: BotAPIBody

    private static let form: Bytes = "application/x-www-form-urlencoded"

    /// Whether one of them names a file on the disk of a Bot API server.
    var namesLocalFile: Bool { values.contains { LocalFile.isNamed(by: $0.key, text: $0.value) } }

    /// Reads the arguments of a request.
    init(_ request: Request, bodyMax: Int) async throws {
        let body = try await request.body.collect(max: bodyMax)
        try self.init(query: request.query, body: body, type: request.fields.bytes("content-type") ?? Bytes())
    }

    init(query: Bytes, body: Bytes, type: Bytes) throws {
        do {
            var values: [String: String] = [:]
            let media = Self.media(type)
            let items = try FormField.parse(query)
            for item in items { try Self.add(item.name, item.value.text, to: &values) }
            switch media {
            case _ where body.isEmpty:
                self.body = items.isEmpty ? .none : .raw(FormField.encode(items), contentType: Self.form)
            case "application/json":
                try Self.read(json: body, &values)
                self.body = items.isEmpty ? .json(body) : .json(try Self.merged(body, items))
            case "multipart/form-data":
                guard let boundary = MultipartParser.boundary(ofContentType: type), items.isEmpty else {
                    throw APIError(.badRequest, "a form needs a boundary, and all arguments in the body")
                }
                let parts = try MultipartPart.parse(body, boundary: boundary)
                for part in parts {
                    let isFile = part.head.filename != nil
                    try Self.add(part.head.name, isFile ? nil : part.bytes.text, to: &values)
                }
                // Written anew: two readers might see different parts in one form, and rights were checked for these.
                self.body = Self.form(of: parts)
            default:
                let fields = try FormField.parse(body)
                for item in fields {
                    try Self.add(item.name, item.value.text, to: &values)
                }
                self.body = .raw(FormField.encode(items + fields), contentType: Self.form)
            }
            self.values = values
        } catch let error as FormError {
            throw APIError(.badRequest, error.description)
        }
    }

    private static func media(_ type: Bytes) -> String {
        let end = type.firstIndex(of: UInt8(ascii: ";")) ?? type.count
        return type.part(0, end).repairedText.filter { $0 != " " }.lowercased()
    }

    private static func read(json: Bytes, _ values: inout [String: String]) throws {
        let root = try JSON.parse(json).root
        guard root.kind == .object else { throw APIError(.badRequest, "the body must be an object") }
        var nulls: Set<String> = []
        for member in root.members {
            if member.value.isNull {
                nulls.insert(member.name)
            } else {
                try add(member.name, member.value.string ?? member.value.raw.repairedText, to: &values)
            }
        }
        for name in nulls where values[name.lowercased()] != nil { try add(name, nil, to: &values) }
    }

    /// Of two values under one name Telegram might take the other: then rights would be checked for the wrong one.
    private static func add(_ name: String, _ value: String?, to values: inout [String: String])
        throws(APIError)
    {
        // Names count in any case: who reads them behind us may not look at it.
        guard values.updateValue(value ?? "", forKey: name.lowercased()) == nil else {
            throw APIError(.badRequest, "\(name.prefix(64)) is given twice")
        }
    }

    private static func form(of parts: [MultipartPart]) -> BotAPIBody {
        let boundary = "heliograph-" + Hex.encode(SecureRandom.bytes(16))
        var writer: [UInt8] = []
        writer.reserveCapacity(parts.reduce(64) { $0 + $1.bytes.count + 256 })
        for part in parts {
            writer += Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"".utf8)
            writer += quoted(part.head.name)
            if let name = part.head.filename { writer += Array("\"; filename=\"".utf8) + quoted(name) }
            writer += Array("\"\r\n".utf8)
            // Telegram takes a text that says it is a form for further arguments: only files keep what they are.
            if part.head.filename != nil, let type = part.head.contentType {
                writer += Array("Content-Type: ".utf8) + line(type) + [13, 10]
            }
            writer += [13, 10]
            writer += part.bytes.array
            writer += [13, 10]
        }
        writer += Array("--\(boundary)--\r\n".utf8)
        return .raw(Bytes(writer), contentType: Bytes("multipart/form-data; boundary=\(boundary)"))
    }

    /// A text within quotation marks: those in it are written as browsers do.
    private static func quoted(_ text: String) -> [UInt8] {
        line(text.replacing("\"", with: "%22"))
    }

    private static func line(_ text: String) -> [UInt8] {
        text.utf8.map { $0 < 0x20 || $0 == 0x7f ? UInt8(ascii: "_") : $0 }
    }

    /// An object with further members; those of the body count first.
    private static func merged(_ json: Bytes, _ items: [FormField]) throws -> Bytes {
        let root = try JSON.parse(json).root
        var writer = JSONWriter()
        writer.object {
            for member in root.members {
                $0.key(member.name)
                $0.raw(member.value.raw)
            }
            for item in items {
                $0.key(item.name)
                $0.text(item.value)
            }
        }
        return writer.finish()
    }

    // MARK: Reading

    subscript(name: String) -> String? { values[name] }

    func integer(_ name: String) throws(APIError) -> Int64? {
        guard let text = values[name], !text.isEmpty else { return nil }
        guard let number = Int64(text) else { throw APIError(.badRequest, "can't parse \(name)") }
        return number
    }

    func flag(_ name: String) -> Bool {
        guard let text = values[name]?.lowercased() else { return false }
        return ["true", "1", "yes"].contains(text)
    }

    /// A list of texts, in JSON.
    func list(_ name: String) throws -> [String]? {
        guard let text = values[name], !text.isEmpty else { return nil }
        let root = try JSON.parse(Bytes(text)).root
        guard root.kind == .array else { throw APIError(.badRequest, "can't parse \(name)") }
        return root.elements.compactMap(\.string)
    }
}
