/** A streaming message that is open. */
export interface StreamingRow {
  readonly message_id: string;
  readonly conversation_id: string;
  readonly sender_id: string;
  readonly sequence_number: number;
  readonly audience: string[] | null;
  /** As its author has sent it. */
  readonly content: string;
  /** UTF-16 units of the content that participants see. */
  readonly shown_length: number;
  /** Nothing more is shown before the end. */
  readonly is_withheld: boolean;
  readonly version: number;
}

/** What of a text is stored, by `StreamingMessagesRepository.store`. */
export interface StoredText {
  readonly id: string;
  readonly content: string;
  readonly shown: string;
  readonly isWithheld: boolean;
  readonly version: number;
}
