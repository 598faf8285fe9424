package import Base
internal import Wire

/// The parameters of a call in their order, to be written as JSON or as a form.
package struct BotParameters: Sendable {
    private enum Value {
        case text(String)
        case json(Bytes)
    }

    private var list: [(name: String, value: Value)] = []

    init(chat: Int64? = nil) {
        if let chat { add("chat_id", chat) }
    }

    // MARK: Adding; what is nil is left out

    mutating func add(_ name: String, _ text: String?) {
        if let text { list.append((name, .text(text))) }
    }

    mutating func add(_ name: String, _ number: Int64?) {
        if let number { list.append((name, .json(Bytes("\(number)")))) }
    }

    mutating func add(_ name: String, _ number: Double?) {
        guard let number else { return }
        var writer = JSONWriter()
        writer.value(number)
        list.append((name, .json(writer.finish())))
    }

    mutating func add(_ name: String, _ truth: Bool?) {
        if let truth { list.append((name, .json(truth ? "true" : "false"))) }
    }

    /// A value that is JSON already.
    mutating func add(_ name: String, json: Bytes?) {
        if let json { list.append((name, .json(json))) }
    }

    mutating func add(_ name: String, _ numbers: [Int64]) {
        var writer = JSONWriter()
        writer.array { for number in numbers { $0.value(number) } }
        list.append((name, .json(writer.finish())))
    }

    // MARK: Writing

    /// The body of a call without files.
    package var json: Bytes {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.finish()
    }

    /// Writes them as a JSON object, as a value.
    func write(to writer: inout JSONWriter) {
        writer.object {
            for (name, value) in list {
                $0.key(name)
                switch value {
                case .text(let text): $0.value(text)
                case .json(let json): $0.raw(json)
                }
            }
        }
    }

    /// The body of a call with files; the two numbers must be such that no content holds what is made of them.
    package func form(
        with uploads: [(name: String, file: InputFile.Upload)], boundary high: UInt64, _ low: UInt64
    ) -> (bytes: Bytes, contentType: Bytes) {
        var writer = MultipartWriter(random: high, low)
        for (name, value) in list {
            let bytes =
                switch value {
                case .text(let text): Bytes(text)
                case .json(let json): json
                }
            writer.append(MultipartPart.Head(name: name), bytes)
        }
        for (name, file) in uploads {
            writer.append(
                MultipartPart.Head(name: name, filename: file.name, contentType: file.type), file.bytes)
        }
        let type = Bytes(writer.contentType)
        return (writer.finish(), type)
    }
}
