-- The public fields of a file, as rows of messages contain them; FileRow of the module files is its shape.
create or replace function file_json(f files) returns json
  language sql stable parallel safe
  return json_build_object(
    'id', f.id, 'name', f.name, 'type', f.type, 'category', f.category, 'size', f.size, 'status', f.status,
    'reason', f.reason, 'width', f.width, 'height', f.height, 'blurhash', f.blurhash, 'duration', f.duration,
    'description', f.description, 'has_thumbnail', f.has_thumbnail, 'uploaded_at', f.uploaded_at,
    'image_sizes', f.image_sizes, 'waveform', f.waveform);
