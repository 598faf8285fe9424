import Base
import Wire

/// What is known of the media types that files and answers have.
enum MediaType {
    /// The type that goes with a file's name, by its extension.
    static func of(fileName name: String) -> String {
        guard let dot = name.lastIndex(of: ".") else { return "application/octet-stream" }
        switch name[name.index(after: dot)...].lowercased() {
        case "html", "htm": return "text/html; charset=utf-8"
        case "css": return "text/css; charset=utf-8"
        case "js", "mjs": return "text/javascript; charset=utf-8"
        case "json", "map": return "application/json"
        case "webmanifest": return "application/manifest+json"
        case "svg": return "image/svg+xml"
        case "txt": return "text/plain; charset=utf-8"
        case "md": return "text/markdown; charset=utf-8"
        case "csv": return "text/csv; charset=utf-8"
        case "xml": return "application/xml"
        case "png": return "image/png"
        case "jpg", "jpeg": return "image/jpeg"
        case "gif": return "image/gif"
        case "webp": return "image/webp"
        case "avif": return "image/avif"
        case "ico": return "image/x-icon"
        case "woff2": return "font/woff2"
        case "woff": return "font/woff"
        case "ttf": return "font/ttf"
        case "wasm": return "application/wasm"
        case "pdf": return "application/pdf"
        case "mp4": return "video/mp4"
        case "ogg", "oga": return "audio/ogg"
        default: return "application/octet-stream"
        }
    }

    /// Whether bytes of this type are text, which gzip makes much smaller.
    static func isCompressible(_ type: Bytes) -> Bool {
        let essence = type.prefix { $0 != UInt8(ascii: ";") }.repairedText.lowercased()
        let name = essence.split(whereSeparator: { $0 == " " || $0 == "\t" }).first ?? ""
        if name == "text/event-stream" { return false }
        if name.hasPrefix("text/") || name.hasSuffix("+json") || name.hasSuffix("+xml") { return true }
        switch name {
        case "application/json", "application/javascript", "application/xml", "application/openmetrics-text",
            "application/wasm", "application/x-ndjson", "image/svg+xml", "font/ttf":
            return true
        default: return false
        }
    }
}
