import Base
import Wire

/// What `Accept` and `Accept-Encoding` allow.
enum ContentNegotiation {
    /// Whether the client takes answers of a media type (`application/json`).
    static func accepts(_ type: String, _ fields: HeaderFields) -> Bool { quality(of: type, fields) > 0 }

    /// How much the client likes a media type, in thousandths.
    static func quality(of type: String, _ fields: HeaderFields) -> Int {
        let values = fields.all("accept")
        guard !values.isEmpty else { return 1000 }
        let family = type.prefix { $0 != "/" } + "/*"
        return best(values, [type, String(family), "*/*"])
    }

    /// Whether the client takes gzip, and does not prefer to get the bytes as they are.
    static func acceptsGzip(_ fields: HeaderFields) -> Bool {
        guard let value = fields.bytes("accept-encoding") else { return false }
        let gzip = best([value], ["gzip", "x-gzip", "*"])
        return gzip > 0 && gzip >= best([value], ["identity"], absent: 0)
    }

    /// The quality (in thousandths) of the most specific of the names that is listed.
    private static func best(_ values: [Bytes], _ names: [String], absent: Int = 0) -> Int {
        var qualities: [String: Int] = [:]
        for value in values {
            for item in value.repairedText.lowercased().split(separator: ",") {
                let parts = item.split(separator: ";").map { $0.trimmingSpaces() }
                guard let name = parts.first else { continue }
                let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
                qualities[String(name)] = weight.map { thousandths($0.dropFirst(2)) } ?? 1000
            }
        }
        for name in names {
            if let quality = qualities[name] { return quality }
        }
        return absent
    }

    private static func thousandths(_ text: Substring) -> Int {
        guard let number = Double(String(text)), number >= 0, number <= 1 else { return 0 }
        return Int(number * 1000)
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
