import Base
import Wire

/// Which Heliograph this is.
enum Version {
    /// The number, by semantic versioning.
    static let number = "0.1.0"

    #if arch(x86_64)
        private static let architecture = "x86_64"
    #elseif arch(arm64)
        private static let architecture = "arm64"
    #else
        private static let architecture = "unknown"
    #endif

    #if DEBUG
        private static let build = "debug"
    #else
        private static let build = "release"
    #endif

    /// Prints number, build and architecture.
    static func run(isJSON: Bool) -> ExitCode {
        if isJSON {
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("name", "heliograph")
                writer.field("version", number)
                writer.field("build", build)
                writer.field("architecture", architecture)
            }
            Terminal.say(writer.finish())
        } else {
            Terminal.say("heliograph \(number) (\(build), \(architecture))\n")
        }
        return .success
    }
}
