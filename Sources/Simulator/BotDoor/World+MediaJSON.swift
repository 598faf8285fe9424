import Base
import Wire

/// Files and questions in the form of the Bot API.
extension World {
    /// How wide a photo's sizes are at most, as Telegram makes them.
    private static let photoSides = [90, 320, 800, 1280]

    func write(_ media: Media, for bot: Int64, to writer: inout JSONWriter) {
        let file = files[media.file]
        if media.kind == .photo {
            writer.key("photo")
            return writer.array { writePhotoSizes(media, file, for: bot, to: &$0) }
        }
        if media.kind == .animation {
            // For programs that do not know animations yet.
            writer.key("animation")
            writer.object { writeFile(media, file, for: bot, to: &$0) }
            writer.key("document")
            return writer.object { writeFile(media, file, for: bot, to: &$0) }
        }
        writer.key(media.kind.rawValue)
        writer.object { writeFile(media, file, for: bot, to: &$0) }
    }

    private func writeFile(
        _ media: Media, _ file: FileStore.File?, for bot: Int64, to writer: inout JSONWriter
    ) {
        let id = FileID(kind: media.kind, number: media.file, size: 0)
        switch media.kind {
        case .video, .animation:
            writer.field("duration", media.duration)
            writer.field("width", media.width)
            writer.field("height", media.height)
        case .videoNote:
            writer.field("duration", media.duration)
            writer.field("length", media.width)
        case .audio:
            writer.field("duration", media.duration)
            if let title = media.title { writer.field("title", title) }
            if let performer = media.performer { writer.field("performer", performer) }
        case .voice: writer.field("duration", media.duration)
        case .sticker:
            writer.field("width", 512)
            writer.field("height", 512)
            writer.field("is_animated", false)
            writer.field("is_video", false)
            writer.field("type", "regular")
        case .photo, .document: break
        }
        if media.kind != .videoNote, media.kind != .sticker, media.kind != .voice, let name = file?.name {
            writer.field("file_name", name)
        }
        if media.kind != .videoNote, media.kind != .sticker {
            writer.field("mime_type", file?.type ?? Self.usualType(of: media.kind))
        }
        writer.field("file_id", id.text(for: bot))
        writer.field("file_unique_id", id.unique)
        writer.field("file_size", file?.bytes.count ?? 0)
    }

    private static func usualType(of kind: Media.Kind) -> String {
        switch kind {
        case .video, .animation, .videoNote: "video/mp4"
        case .audio: "audio/mpeg"
        case .voice: "audio/ogg"
        case .photo: "image/jpeg"
        case .document, .sticker: "application/octet-stream"
        }
    }

    private func writePhotoSizes(
        _ media: Media, _ file: FileStore.File?, for bot: Int64, to writer: inout JSONWriter
    ) {
        let (width, height) = (max(1, media.width), max(1, media.height))
        let sides = Self.photoSides.filter { $0 < max(width, height) }
        for size in 0...sides.count {
            let isWhole = size == sides.count
            let side = isWhole ? max(width, height) : sides[size]
            let id = FileID(kind: .photo, number: media.file, size: size)
            writer.object {
                $0.field("file_id", id.text(for: bot))
                $0.field("file_unique_id", id.unique)
                $0.field("file_size", isWhole ? file?.bytes.count ?? 0 : side * 10)
                $0.field("width", max(1, width * side / max(width, height)))
                $0.field("height", max(1, height * side / max(width, height)))
            }
        }
    }

    func write(_ poll: Poll, to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", String(poll.id))
            $0.field("question", poll.question)
            $0.key("options")
            $0.array { writer in
                for (index, option) in poll.options.enumerated() {
                    writer.object {
                        $0.field("persistent_id", String(index))
                        $0.field("text", option)
                        $0.field("voter_count", poll.count(index))
                    }
                }
            }
            $0.field("total_voter_count", poll.votes.count)
            $0.field("is_closed", poll.isClosed)
            $0.field("is_anonymous", poll.isAnonymous)
            $0.field("type", poll.correct == nil ? "regular" : "quiz")
            $0.field("allows_multiple_answers", poll.allowsMultiple)
            $0.field("allows_revoting", poll.correct == nil)
            if let correct = poll.correct { $0.field("correct_option_id", correct) }
        }
    }

    func write(member id: Int64, _ status: Chat.Status, to writer: inout JSONWriter) {
        writer.object {
            $0.key("user")
            write(user: id, to: &$0)
            $0.field("status", status.rawValue)
            switch status {
            case .creator: $0.field("is_anonymous", false)
            case .administrator:
                for right in Self.rights { $0.field(right, right != "can_be_edited") }
            case .kicked: $0.field("until_date", 0)
            case .restricted:
                $0.field("is_member", true)
                $0.field("until_date", 0)
            case .member, .left: break
            }
        }
    }

    private static let rights = [
        "can_be_edited", "is_anonymous", "can_manage_chat", "can_change_info", "can_delete_messages",
        "can_invite_users", "can_restrict_members", "can_pin_messages", "can_manage_topics",
        "can_promote_members", "can_manage_video_chats", "can_post_stories", "can_edit_stories",
        "can_delete_stories", "can_post_messages", "can_edit_messages",
    ]
}
