public import Base

/// Writes a `multipart/form-data` body.
public struct MultipartWriter: Sendable {
    private let boundary: String
    private var bytes: [UInt8] = []

    /// Makes a writer whose boundary comes from two random numbers, so that no content holds it by chance.
    public init(random high: UInt64, _ low: UInt64) {
        boundary = "heliograph-" + String(high, radix: 36) + "-" + String(low, radix: 36)
    }

    /// The `Content-Type` that goes with the body.
    public var contentType: String { "multipart/form-data; boundary=\(boundary)" }

    /// Adds a part.
    public mutating func append(_ head: MultipartPart.Head, _ content: Bytes) {
        bytes.append(
            text: "--\(boundary)\r\ncontent-disposition: form-data; name=\"\(Self.escaped(head.name))\"")
        if let filename = head.filename { bytes.append(text: "; filename=\"\(Self.escaped(filename))\"") }
        if let type = head.contentType {
            bytes.append(text: "\r\ncontent-type: \(type.filter { !$0.isNewline })")
        }
        bytes.append(text: "\r\n\r\n")
        bytes.append(contentsOf: content)
        bytes.append(text: "\r\n")
    }

    /// Adds a field that is no file.
    public mutating func append(_ name: String, _ value: String) {
        append(MultipartPart.Head(name: name), Bytes(value))
    }

    /// The body, complete.
    public consuming func finish() -> Bytes {
        bytes.append(text: "--\(boundary)--\r\n")
        return Bytes(bytes)
    }

    /// As browsers write it: what would end the text or the line is percent-encoded.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": escaped += "%22"
            case "\r": escaped += "%0D"
            case "\n": escaped += "%0A"
            case "\\": escaped += "\\\\"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
