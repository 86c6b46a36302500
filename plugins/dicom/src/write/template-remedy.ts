/** What to do where the attributes that an input carries are not enough for DICOM. */
export const TEMPLATE_REMEDY = "give --template DIR, the DICOM directory that the file was made from";
